// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/limit_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class LimitOperatorTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(LimitOperatorTest, WantsNoInputOnceTheLimitIsReached) {
  LimitOperator op(5);
  ASSERT_TRUE(op.WantsInput(0));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), 0).ok());
  EXPECT_TRUE(op.WantsInput(0));
  EXPECT_FALSE(op.InputNotWanted());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3, 3), 0).ok());
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_TRUE(op.InputNotWanted());
}

TEST_F(LimitOperatorTest, CutsTheBundleThatCrossesTheLimit) {
  LimitOperator op(5);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), 0).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3, 3), 0).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0, 1, 2));
  EXPECT_FALSE(op.Done());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(3, 4));
  EXPECT_FALSE(op.TakeOutput().has_value());
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST_F(LimitOperatorTest, IsDoneWithFewerRowsWhenItsInputEnds) {
  LimitOperator op(5);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_FALSE(op.Done());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0, 1));
  EXPECT_TRUE(op.Done());
}

TEST_F(LimitOperatorTest, PassesBundlesWithoutRowsOnForTheirSchema) {
  LimitOperator op(5);
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 0), 0).ok());
  const auto bundle = op.TakeOutput();
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ(bundle->blocks().front().Load()->schema()->field_names(),
            std::vector<std::string>{"id"});
}

TEST_F(LimitOperatorTest, ALimitOfNothingIsDoneFromTheStart) {
  LimitOperator op(0);
  EXPECT_TRUE(op.Done());
  EXPECT_TRUE(op.InputNotWanted());
  EXPECT_EQ(op.name(), "limit=0");
}

}  // namespace
}  // namespace headrace::exec
