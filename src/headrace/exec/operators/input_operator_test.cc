// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/input_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

std::vector<RefBundle> TwoBundles(store::ObjectStore& store) {
  std::vector<RefBundle> bundles;
  bundles.push_back(testkit::IotaBundle(store, 2));
  bundles.push_back(testkit::IotaBundle(store, 1, 2));
  return bundles;
}

TEST(InputOperatorTest, GivesItsBundlesInOrderAndIsDone) {
  const auto store = task::MakeBlockStore(-1);
  InputOperator op("Input", TwoBundles(*store));
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_FALSE(op.AddInput({}, 0).ok());
  EXPECT_THAT(testkit::Ids(*op.TakeOutput()), testing::ElementsAre(0, 1));
  EXPECT_FALSE(op.Done());
  EXPECT_THAT(testkit::Ids(*op.TakeOutput()), testing::ElementsAre(2));
  EXPECT_TRUE(op.Done());
  EXPECT_FALSE(op.TakeOutput().has_value());
}

TEST(InputOperatorTest, DropsItsBundlesWhenNobodyWantsThem) {
  const auto store = task::MakeBlockStore(-1);
  InputOperator op("Input", TwoBundles(*store));
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::exec
