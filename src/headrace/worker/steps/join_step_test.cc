// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/join_step.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::worker {
namespace {

using compute::JoinType;
using testing::ElementsAre;
using testkit::CollectingOutput;
using testkit::IdBlock;
using testkit::IotaBlock;

Block Tagged(const Block& block, int32_t partition) {
  return task::WithTag(block, {.partition = partition});
}

class JoinStepTest : public testing::Test {
 protected:
  Status Run(JoinType type, const std::vector<Block>& left, const std::vector<Block>& right,
             int64_t target_max_block_size = 128 << 20, int32_t partition = 3) {
    compute::JoinSpec join{type, {"id"}, {"id"}, "_l", std::nullopt};
    const TransformChain chain("chain",
                               {std::make_shared<JoinStepSpec>(std::move(join), build_side_)}, {});
    // Through its bytes, as to another process.
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, chain.Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto again, TransformChain::Deserialize(bytes));
    EXPECT_EQ(again->Serialize().ValueOrDie(), bytes);
    ARROW_ASSIGN_OR_RAISE(const auto runner, again->MakeRunner());
    task::TaskParams params;
    params.target_max_block_size = target_max_block_size;
    params.target_min_block_size = 1;
    params.argument = task::SerializeBlockCounts(
        {static_cast<int64_t>(left.size()), static_cast<int64_t>(right.size())});
    std::vector<Block> inputs;
    for (const Block& block : left) inputs.push_back(Tagged(block, partition));
    for (const Block& block : right) inputs.push_back(Tagged(block, partition));
    out_.blocks.clear();
    task::TaskStats stats;
    return runner->Run(inputs, params, out_, &stats);
  }
  static constexpr int32_t kBroadcast = -1;
  int build_side_ = 1;
  CollectingOutput out_;
};

TEST_F(JoinStepTest, TellsTheSidesApartByTheArgument) {
  ASSERT_TRUE(Run(JoinType::kLeftAnti, {IdBlock({1, 2}), IdBlock({3, 4})}, {IdBlock({2, 3})}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(1, 4));
  ASSERT_TRUE(
      Run(JoinType::kRightAnti, {IdBlock({1, 2})}, {IdBlock({3, 4}), IdBlock({2, 5})}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(3, 4, 5));
}

TEST_F(JoinStepTest, ResultsCarryNoTag) {
  ASSERT_TRUE(Run(JoinType::kInner, {IotaBlock(5)}, {IotaBlock(5, 3)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(3, 4));
  EXPECT_FALSE(task::TagOf(*out_.blocks[0].schema()).ok());
}

TEST_F(JoinStepTest, CutsTheResultWhereItGrowsBeyondTheTarget) {
  const std::vector<int64_t> same(100, 7);
  ASSERT_TRUE(Run(JoinType::kInner, {IdBlock(same)}, {IdBlock(same)}, 1000).ok());
  EXPECT_EQ(out_.Rows().size(), 10000);
  EXPECT_GT(out_.blocks.size(), 50);
}

TEST_F(JoinStepTest, ASideWithoutRowsIsKnownByItsSchema) {
  ASSERT_TRUE(Run(JoinType::kInner, {IotaBlock(0)}, {testkit::WideBlock(2, 3)}).ok());
  ASSERT_EQ(out_.blocks.size(), 1);
  EXPECT_EQ(out_.blocks[0].num_rows(), 0);
  EXPECT_EQ(out_.blocks[0].num_columns(), 2);
  ASSERT_TRUE(Run(JoinType::kLeftOuter, {IotaBlock(2)}, {testkit::WideBlock(0, 3)}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(0, 1));
  EXPECT_EQ(out_.blocks[0].num_columns(), 2);
  ASSERT_TRUE(Run(JoinType::kFullOuter, {IotaBlock(2)}, {Block()}).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(0, 1));
}

TEST_F(JoinStepTest, ABroadcastBuildsTheSideThatItWasToldEvenIfItIsLarger) {
  const std::vector<Block> small = {IdBlock({7, 3})};
  const std::vector<Block> large = {IotaBlock(5), IotaBlock(0), IotaBlock(5, 5)};
  for (const JoinType type : {JoinType::kInner, JoinType::kLeftOuter, JoinType::kLeftSemi}) {
    build_side_ = 1;
    ASSERT_TRUE(Run(type, small, large, 128 << 20, kBroadcast).ok());
    EXPECT_THAT(out_.Rows(), ElementsAre(7, 3)) << "in the order of the side that is not built";
  }
  build_side_ = 0;
  ASSERT_TRUE(Run(JoinType::kInner, small, large, 128 << 20, kBroadcast).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(3, 7));
  ASSERT_TRUE(Run(JoinType::kRightAnti, small, large, 128 << 20, kBroadcast).ok());
  EXPECT_THAT(out_.Rows(), ElementsAre(0, 1, 2, 4, 5, 6, 8, 9));
  EXPECT_FALSE(Run(JoinType::kLeftOuter, small, large, 128 << 20, kBroadcast).ok())
      << "no task knows which rows of the left side have no match at all";
}

TEST(SharedBuildTest, TasksThatRunAtTheSameTimeShareOneIndex) {
  SharedBuild shared;
  int made = 0;
  const auto make = [&]() -> Result<std::shared_ptr<const compute::HashJoin>> {
    ++made;
    const auto schema = IotaBlock(0).schema();
    return compute::HashJoin::Make(schema, schema,
                                   {JoinType::kInner, {"id"}, {"id"}, "_l", std::nullopt}, false);
  };
  const auto fail = []() -> Result<std::shared_ptr<const compute::HashJoin>> {
    return Status::Invalid("cannot");
  };
  EXPECT_FALSE(shared.Get(fail).ok());
  {
    const auto first = shared.Get(make).ValueOrDie();
    EXPECT_EQ(shared.Get(fail).ValueOrDie(), first);
    EXPECT_EQ(made, 1);
  }
  EXPECT_TRUE(shared.Get(make).ok());
  EXPECT_EQ(made, 2) << "nobody held it meanwhile";
}

TEST_F(JoinStepTest, NeedsToKnowHowManyBlocksAreLeft) {
  compute::JoinSpec join{JoinType::kInner, {"id"}, {"id"}, std::nullopt, std::nullopt};
  const TransformChain chain("chain", {std::make_shared<JoinStepSpec>(std::move(join), 1)}, {});
  task::TaskStats stats;
  EXPECT_FALSE(chain.MakeRunner().ValueOrDie()->Run({}, {}, out_, &stats).ok());
}

}  // namespace
}  // namespace headrace::worker
