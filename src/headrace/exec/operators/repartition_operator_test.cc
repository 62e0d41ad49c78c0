// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/repartition_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

std::vector<std::vector<int64_t>> TakeAll(PhysicalOperator& op) {
  std::vector<std::vector<int64_t>> bundles;
  while (auto bundle = op.TakeOutput()) bundles.push_back(Ids(*bundle));
  return bundles;
}

class RepartitionOperatorTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(RepartitionOperatorTest, GivesNothingBeforeItHasSeenEverything) {
  RepartitionOperator op(2);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 4), 0).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  EXPECT_GT(op.output_bytes(), 0);
}

TEST_F(RepartitionOperatorTest, CutsRowsEvenlyAcrossBlocksAndInOrder) {
  RepartitionOperator op(3);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 6, 2), 0).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_THAT(TakeAll(op),
              ElementsAre(ElementsAre(0, 1), ElementsAre(2, 3, 4), ElementsAre(5, 6, 7)));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(RepartitionOperatorTest, GivesEmptyBundlesWithASchemaWhenRowsAreTooFew) {
  RepartitionOperator op(3);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 7), 0).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  int64_t rows = 0;
  for (int i = 0; i < 3; ++i) {
    const auto bundle = op.TakeOutput();
    ASSERT_TRUE(bundle.has_value());
    ASSERT_EQ(bundle->blocks().size(), 1);
    const Block block = *bundle->blocks().front().Load();
    EXPECT_EQ(block.schema()->field_names(), std::vector<std::string>{"id"});
    EXPECT_EQ(block.num_rows(), bundle->num_rows());
    rows += block.num_rows();
  }
  EXPECT_EQ(rows, 1);
  EXPECT_TRUE(op.Done());
}

TEST_F(RepartitionOperatorTest, DropsWhatItHoldsWhenNobodyWantsIt) {
  RepartitionOperator op(2);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 4), 0).ok());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_FALSE(op.TakeOutput().has_value());
  EXPECT_EQ(store_->stats().num_objects, 0);
  EXPECT_EQ(op.output_bytes(), 0);
}

}  // namespace
}  // namespace headrace::exec
