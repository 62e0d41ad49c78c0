// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/row_slicer_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class RowSlicerOperatorTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(RowSlicerOperatorTest, CutsExactlyAcrossBlockBoundaries) {
  RowSlicerOperator op("Slices", 3);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 5, 2), 0).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0, 1, 2));
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(3, 4, 5));
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_FALSE(op.Done());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(6));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(RowSlicerOperatorTest, CountsNoBytesOnceEverySliceHasLeft) {
  RowSlicerOperator op("Slices", 1);
  ASSERT_TRUE(
      op.AddInput(task::RefBundle(task::PutBlock(*store_, testkit::WideBlock(7, 3))), 0).ok());
  EXPECT_GT(op.output_bytes(), 0);
  while (op.TakeOutput()) {
  }
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST_F(RowSlicerOperatorTest, WantsNoInputWhileManySlicesWait) {
  RowSlicerOperator op("Slices", 1);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1000), 0).ok());
  EXPECT_FALSE(op.WantsInput(0));
  while (op.TakeOutput()) {
  }
  EXPECT_TRUE(op.WantsInput(0));
}

TEST_F(RowSlicerOperatorTest, DropsWhatItHoldsWhenNobodyWantsIt) {
  RowSlicerOperator op("Slices", 3);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 4), 0).ok());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store_->stats().num_objects, 0);
  EXPECT_EQ(op.output_bytes(), 0);
}

}  // namespace
}  // namespace headrace::exec
