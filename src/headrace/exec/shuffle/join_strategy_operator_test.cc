// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/join_strategy_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/shuffle/join_exchange_operator.h"
#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testkit::Ids;
using testkit::IotaBlock;
using testkit::IotaBundle;

constexpr int kLeft = 0;
constexpr int kRight = 1;

class JoinStrategyOperatorTest : public testing::Test {
 protected:
  struct Taken {
    int side;
    bool partition;
    std::vector<int64_t> ids;
  };
  /// What the right side is built of; a row is 8 bytes.
  static JoinStrategyOptions Options(int64_t max_broadcast_rows, int64_t bundle_rows) {
    const int64_t row = IotaBlock(1).size_bytes();
    return {.build_side = kRight,
            .max_broadcast_bytes = max_broadcast_rows * row,
            .bundle_bytes = bundle_rows * row};
  }
  std::vector<Taken> TakeAll(PhysicalOperator& op) {
    std::vector<Taken> all;
    while (auto bundle = op.TakeOutput()) {
      const auto input = task::JoinInput::Deserialize(bundle->argument()).ValueOrDie();
      all.push_back({input.side, input.partition, Ids(*bundle)});
    }
    return all;
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(JoinStrategyOperatorTest, TheOtherSideWaitsUntilTheBuildSideIsKnown) {
  JoinStrategyOperator op(Options(10, 1));
  EXPECT_TRUE(op.WantsInput(kRight));
  EXPECT_FALSE(op.WantsInput(kLeft));
  EXPECT_TRUE(op.blocking(kRight));
  EXPECT_FALSE(op.blocking(kLeft));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), kRight).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.InputDone(kRight).ok());
  EXPECT_TRUE(op.WantsInput(kLeft));
  EXPECT_FALSE(op.blocking(kRight));
}

TEST_F(JoinStrategyOperatorTest, ASmallBuildSideIsBroadcastWholeAndFirst) {
  JoinStrategyOperator op(Options(10, 2));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), kRight).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2, 3), kRight).ok());
  ASSERT_TRUE(op.InputDone(kRight).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 100), kLeft).ok());
  auto taken = TakeAll(op);
  ASSERT_EQ(taken.size(), 1) << "one row is too little for a task";
  EXPECT_EQ(taken[0].side, kRight);
  EXPECT_FALSE(taken[0].partition);
  EXPECT_THAT(taken[0].ids, ElementsAre(0, 1, 2, 3, 4));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 101), kLeft).ok());
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 1, 102), kLeft).ok());
  taken = TakeAll(op);
  ASSERT_EQ(taken.size(), 1);
  EXPECT_EQ(taken[0].side, kLeft);
  EXPECT_FALSE(taken[0].partition);
  ASSERT_TRUE(op.InputDone(kLeft).ok());
  TakeAll(op);
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST_F(JoinStrategyOperatorTest, ALargeOneIsPartitionedAsSoonAsThatIsKnown) {
  JoinStrategyOperator op(Options(4, 3));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), kRight).ok());
  EXPECT_FALSE(op.WantsInput(kLeft));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3, 3), kRight).ok());
  EXPECT_TRUE(op.WantsInput(kLeft));
  EXPECT_FALSE(op.blocking(kRight));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2, 100), kLeft).ok());
  ASSERT_TRUE(op.InputDone(kLeft).ok());
  ASSERT_TRUE(op.InputDone(kRight).ok());
  const auto taken = TakeAll(op);
  ASSERT_EQ(taken.size(), 2);
  EXPECT_EQ(taken[0].side, kRight);
  EXPECT_TRUE(taken[0].partition);
  EXPECT_EQ(taken[0].ids.size(), 6);
  EXPECT_EQ(taken[1].side, kLeft);
  EXPECT_TRUE(taken[1].partition);
  EXPECT_TRUE(op.Done());
}

TEST_F(JoinStrategyOperatorTest, StopsWhenNobodyWantsMore) {
  JoinStrategyOperator op(Options(10, 1));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 3), kRight).ok());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store_->stats().num_objects, 0);
}

class JoinExchangeOperatorTest : public JoinStrategyOperatorTest {
 protected:
  /// Rows `begin`, … of a side; partition -1: of a broadcast.
  Status Add(int side, int partition, int64_t begin, int64_t rows) {
    const task::ExchangeTag tag = {.partition = partition, .side = side};
    return op_.AddInput(
        RefBundle(task::PutBlock(*store_, task::WithTag(IotaBlock(rows, begin), tag))), 0);
  }
  /// Rows of both sides of the next bundle; empty when there is none.
  std::vector<std::vector<int64_t>> Take() {
    auto bundle = op_.TakeOutput();
    if (!bundle) return {};
    const auto counts = *task::DeserializeBlockCounts(bundle->argument());
    std::vector<std::vector<int64_t>> sides(2);
    auto block = bundle->blocks().begin();
    for (size_t side = 0; side < 2; ++side) {
      for (int64_t i = 0; i < counts[side]; ++i) {
        for (const int64_t id : Ids(RefBundle(*block))) sides[side].push_back(id);
        ++block;
      }
    }
    return sides;
  }
  JoinExchangeOperator op_{
      {.name = "Join", .num_inputs = 2, .num_partitions = 2, .min_bundle_bytes = 1},
      kRight,
      2 * IotaBlock(1).size_bytes()};
};

TEST_F(JoinExchangeOperatorTest, GivesTheBuildSideToEveryTaskWhileTheOtherStreams) {
  ASSERT_TRUE(Add(kRight, -1, 0, 2).ok());
  ASSERT_TRUE(Add(kLeft, -1, 10, 1).ok());
  EXPECT_FALSE(op_.blocking(0));
  EXPECT_THAT(Take(), IsEmpty()) << "one row is too little for a task";
  ASSERT_TRUE(Add(kLeft, -1, 11, 1).ok());
  EXPECT_THAT(Take(), ElementsAre(ElementsAre(10, 11), ElementsAre(0, 1)));
  ASSERT_TRUE(Add(kLeft, -1, 12, 1).ok());
  EXPECT_FALSE(op_.Done());
  ASSERT_TRUE(op_.InputDone(0).ok());
  EXPECT_THAT(Take(), ElementsAre(ElementsAre(12), ElementsAre(0, 1)));
  EXPECT_TRUE(op_.Done());
  EXPECT_EQ(op_.output_bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(JoinExchangeOperatorTest, WithoutRowsTheSchemasGoOn) {
  ASSERT_TRUE(Add(kRight, -1, 0, 0).ok());
  ASSERT_TRUE(Add(kLeft, -1, 0, 0).ok());
  ASSERT_TRUE(Add(kLeft, -1, 0, 0).ok());
  ASSERT_TRUE(op_.InputDone(0).ok());
  const auto bundle = op_.TakeOutput();
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ(bundle->blocks().size(), 2);
  EXPECT_TRUE(op_.Done());
}

TEST_F(JoinExchangeOperatorTest, PartitionsMeetWhenAllHasCome) {
  ASSERT_TRUE(Add(kRight, 0, 0, 1).ok());
  ASSERT_TRUE(Add(kLeft, 1, 10, 1).ok());
  ASSERT_TRUE(Add(kLeft, 0, 20, 1).ok());
  EXPECT_TRUE(op_.blocking(0));
  EXPECT_THAT(Take(), IsEmpty());
  ASSERT_TRUE(op_.InputDone(0).ok());
  EXPECT_THAT(Take(), ElementsAre(ElementsAre(20), ElementsAre(0)));
  EXPECT_THAT(Take(), ElementsAre(ElementsAre(10), ElementsAre()));
  EXPECT_TRUE(op_.Done());
}

TEST_F(JoinExchangeOperatorTest, ABuildSideThatComesLateIsAnError) {
  ASSERT_TRUE(Add(kRight, -1, 0, 1).ok());
  ASSERT_TRUE(Add(kLeft, -1, 10, 2).ok());
  EXPECT_FALSE(Take().empty());
  EXPECT_FALSE(Add(kRight, -1, 1, 1).ok());
}

}  // namespace
}  // namespace headrace::exec
