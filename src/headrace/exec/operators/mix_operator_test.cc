// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/mix_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class MixOperatorTest : public testing::Test {
 protected:
  void Add(MixOperator& op, int input, int64_t num_bundles, int64_t begin) {
    for (int64_t i = 0; i < num_bundles; ++i) {
      ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, begin + i), input).ok());
    }
  }
  std::vector<int64_t> TakeAll(MixOperator& op) {
    std::vector<int64_t> ids;
    while (auto bundle = op.TakeOutput()) {
      for (const int64_t id : Ids(*bundle)) ids.push_back(id);
    }
    return ids;
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(MixOperatorTest, KeepsTheRatioOfTheWeightsAndDropsWhatHasEnded) {
  MixOperator op({2, 1}, /*stop_on_shortest=*/false);
  Add(op, 0, 4, 0);
  Add(op, 1, 4, 10);
  ASSERT_TRUE(op.InputDone(0).ok());
  ASSERT_TRUE(op.InputDone(1).ok());
  EXPECT_THAT(TakeAll(op), ElementsAre(0, 10, 1, 2, 11, 3, 12, 13));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(MixOperatorTest, WaitsForTheInputWhoseTurnItIs) {
  MixOperator op({1, 1}, false);
  Add(op, 1, 3, 10);
  EXPECT_TRUE(TakeAll(op).empty());
  Add(op, 0, 1, 0);
  EXPECT_THAT(TakeAll(op), ElementsAre(0, 10));
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_THAT(TakeAll(op), ElementsAre(11, 12));
  EXPECT_FALSE(op.Done());
  ASSERT_TRUE(op.InputDone(1).ok());
  EXPECT_TRUE(op.Done());
}

TEST_F(MixOperatorTest, EndsWithTheShortestIfAsked) {
  MixOperator op({1, 1}, /*stop_on_shortest=*/true);
  Add(op, 0, 9, 0);
  Add(op, 1, 2, 10);
  EXPECT_THAT(TakeAll(op), ElementsAre(0, 10, 1, 11)) << "it cannot know yet that this was the end";
  EXPECT_FALSE(op.Done());
  ASSERT_TRUE(op.InputDone(1).ok());
  EXPECT_TRUE(TakeAll(op).empty());
  EXPECT_TRUE(op.Done());
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(MixOperatorTest, HoldsBackWhatIsAhead) {
  MixOperator op({1, 1}, false);
  while (op.WantsInput(0)) Add(op, 0, 1, 0);
  EXPECT_TRUE(op.WantsInput(1));
  EXPECT_GT(op.held_bytes(0), 0);
  EXPECT_EQ(op.held_bytes(1), 0);
}

}  // namespace
}  // namespace headrace::exec
