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

Block Tagged(const Block& block) {
  task::ExchangeTag tag;
  tag.partition = 3;
  return task::WithTag(block, tag);
}

class JoinStepTest : public testing::Test {
 protected:
  Status Run(JoinType type, const std::vector<Block>& left, const std::vector<Block>& right,
             int64_t target_max_block_size = 128 << 20) {
    compute::JoinSpec join{type, {"id"}, {"id"}, "_l", std::nullopt};
    const TransformChain chain("chain", {std::make_shared<JoinStepSpec>(std::move(join))}, {});
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
    for (const Block& block : left) inputs.push_back(Tagged(block));
    for (const Block& block : right) inputs.push_back(Tagged(block));
    out_.blocks.clear();
    task::TaskStats stats;
    return runner->Run(inputs, params, out_, &stats);
  }
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

TEST_F(JoinStepTest, NeedsToKnowHowManyBlocksAreLeft) {
  compute::JoinSpec join{JoinType::kInner, {"id"}, {"id"}, std::nullopt, std::nullopt};
  const TransformChain chain("chain", {std::make_shared<JoinStepSpec>(std::move(join))}, {});
  task::TaskStats stats;
  EXPECT_FALSE(chain.MakeRunner().ValueOrDie()->Run({}, {}, out_, &stats).ok());
}

}  // namespace
}  // namespace headrace::worker
