// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/row_number_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/shuffle/block_order_operator.h"
#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testing::UnorderedElementsAreArray;
using testkit::Ids;
using testkit::IotaBundle;

TEST(RowNumberOperatorTest, SaysWhereEachTaskBeginsAndJoinsSmallBundles) {
  const auto store = task::MakeBlockStore(-1);
  const int64_t row = IotaBundle(*store, 1).size_bytes();
  RowNumberOperator op("RowNumbers", 4 * row);
  for (const int64_t rows : {3, 2, 10, 1}) {
    ASSERT_TRUE(op.AddInput(IotaBundle(*store, rows), 0).ok());
  }
  ASSERT_TRUE(op.InputDone(0).ok());
  std::vector<int64_t> firsts;
  std::vector<int64_t> rows;
  while (auto bundle = op.TakeOutput()) {
    firsts.push_back(*task::DeserializeFirstRow(bundle->argument()));
    rows.push_back(bundle->num_rows());
  }
  EXPECT_THAT(firsts, ElementsAre(0, 5, 15));
  EXPECT_THAT(rows, ElementsAre(5, 10, 1));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST(BlockOrderOperatorTest, GivesAllBlocksInAnOrderOfTheSeed) {
  const auto store = task::MakeBlockStore(-1);
  const auto order = [&](uint64_t seed) {
    BlockOrderOperator op(seed);
    for (int64_t i = 0; i < 20; ++i) {
      EXPECT_TRUE(op.AddInput(IotaBundle(*store, 1, i), 0).ok());
    }
    EXPECT_FALSE(op.TakeOutput().has_value());
    EXPECT_TRUE(op.InputDone(0).ok());
    std::vector<int64_t> ids;
    while (auto bundle = op.TakeOutput()) ids.push_back(Ids(*bundle).front());
    EXPECT_TRUE(op.Done());
    return ids;
  };
  std::vector<int64_t> sorted(20);
  for (size_t i = 0; i < sorted.size(); ++i) sorted[i] = static_cast<int64_t>(i);
  EXPECT_THAT(order(1), UnorderedElementsAreArray(sorted));
  EXPECT_NE(order(1), sorted);
  EXPECT_EQ(order(1), order(1));
  EXPECT_NE(order(1), order(2));
}

}  // namespace
}  // namespace headrace::exec
