// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/union_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class UnionOperatorTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(UnionOperatorTest, GivesTheFirstInputBeforeTheSecond) {
  UnionOperator op(2);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 10), 1).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 0), 0).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0));
  EXPECT_FALSE(op.TakeOutput().has_value()) << "input 0 may give more";
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(10));
  EXPECT_FALSE(op.Done());
  ASSERT_TRUE(op.InputDone(1).ok());
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST_F(UnionOperatorTest, TakesOnlyALittleOfAnInputWhoseTurnHasNotCome) {
  UnionOperator op(2);
  int taken = 0;
  for (; op.WantsInput(1) && taken < 1000; ++taken) {
    ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1), 1).ok());
  }
  EXPECT_EQ(taken, 16);
  EXPECT_TRUE(op.WantsInput(0));
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_TRUE(op.TakeOutput().has_value());
  EXPECT_TRUE(op.WantsInput(1));
}

TEST_F(UnionOperatorTest, SkipsInputsThatEndedEmpty) {
  UnionOperator op(3);
  ASSERT_TRUE(op.InputDone(0).ok());
  ASSERT_TRUE(op.InputDone(1).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 2).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0, 1));
  ASSERT_TRUE(op.InputDone(2).ok());
  EXPECT_TRUE(op.Done());
}

TEST_F(UnionOperatorTest, DropsWhatItHoldsWhenNobodyWantsIt) {
  UnionOperator op(1);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_EQ(store_->stats().num_objects, 0);
  EXPECT_EQ(op.output_bytes(), 0);
}

}  // namespace
}  // namespace headrace::exec
