// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/zip_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testkit::Ids;
using testkit::IotaBundle;

class ZipOperatorTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(ZipOperatorTest, CutsAllInputsAtTheSameRowsWhateverTheirBlocks) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    ZipOperator op(3);
    constexpr int64_t kRows = 200;
    std::vector<std::vector<int64_t>> columns(3);
    const auto take = [&] {
      while (auto bundle = op.TakeOutput()) {
        const auto counts = *task::DeserializeBlockCounts(bundle->argument());
        size_t block = 0;
        for (size_t i = 0; i < 3; ++i) {
          for (int64_t n = 0; n < counts[i]; ++n) {
            for (const int64_t id : Ids(RefBundle(bundle->blocks().at(block)))) {
              columns[i].push_back(id);
            }
            ++block;
          }
        }
        EXPECT_EQ(columns[0].size(), columns[1].size());
        EXPECT_EQ(columns[0].size(), columns[2].size());
      }
    };
    std::vector<int64_t> given(3, 0);
    std::vector<int> open = {0, 1, 2};
    while (!open.empty()) {
      const size_t at = random() % open.size();
      const int input = open[at];
      ASSERT_TRUE(op.WantsInput(input));
      const int64_t rows = std::min<int64_t>(kRows - given[input], random() % 40);
      ASSERT_TRUE(op.AddInput(IotaBundle(*store_, rows, given[input]), input).ok());
      given[input] += rows;
      if (given[input] == kRows) {
        ASSERT_TRUE(op.InputDone(input).ok());
        open.erase(open.begin() + static_cast<int64_t>(at));
      }
      take();
    }
    EXPECT_TRUE(op.Done());
    EXPECT_EQ(columns[0].size(), kRows);
    EXPECT_EQ(columns[0], columns[1]);
    EXPECT_EQ(columns[0], columns[2]);
    EXPECT_EQ(op.output_bytes(), 0);
    EXPECT_EQ(store_->stats().num_objects, 0);
  }
}

TEST_F(ZipOperatorTest, DifferentRowCountsAreAnError) {
  ZipOperator op(2);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 5), 0).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), 1).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  const Status status = op.InputDone(1);
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("different number of rows: one has 3"));
}

TEST_F(ZipOperatorTest, ShortInputsAreNoticedWhenTheOtherShowsMore) {
  ZipOperator op(2);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1), 0).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_TRUE(op.AddInput(IotaBundle(*store_, 2), 1).IsInvalid());
}

TEST_F(ZipOperatorTest, WithoutRowsOneBundleTellsTheSchemas) {
  ZipOperator op(2);
  for (int input = 0; input < 2; ++input) {
    ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 0), input).ok());
    ASSERT_TRUE(op.InputDone(input).ok());
  }
  const auto bundle = op.TakeOutput();
  ASSERT_TRUE(bundle.has_value());
  EXPECT_THAT(*task::DeserializeBlockCounts(bundle->argument()), ElementsAre(1, 1));
  EXPECT_TRUE(op.Done());
}

TEST_F(ZipOperatorTest, HoldsBackWhatIsAhead) {
  ZipOperator op(2);
  for (int i = 0; op.WantsInput(0) && i < 100; ++i) {
    ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1 << 17), 0).ok());
  }
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_TRUE(op.WantsInput(1));
}

}  // namespace
}  // namespace headrace::exec
