// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/group_steps.h"

#include <arrow/array/array_primitive.h>
#include <arrow/scalar.h>
#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::worker {
namespace {

using testkit::CollectingOutput;
using testkit::IdBlock;
using testkit::Iota;
using testkit::IotaBlock;
using Specs = std::vector<Aggregation>;

const Specs kSpecs = {
    {"count", "", "rows"}, {"sum", "id", "sum"}, {"quantile", "id", "median", true, 1, 0.5}};

Result<std::vector<Block>> RunStep(StepSpecPtr spec, const std::vector<Block>& inputs,
                                   int64_t target_max_block_size = 128 << 20) {
  const TransformChain chain("chain", {std::move(spec)}, {});
  // Through its bytes, as to another process.
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, chain.Serialize());
  ARROW_ASSIGN_OR_RAISE(const auto again, TransformChain::Deserialize(bytes));
  ARROW_ASSIGN_OR_RAISE(const auto runner, again->MakeRunner());
  CollectingOutput out;
  task::TaskStats stats;
  task::TaskParams params;
  params.target_max_block_size = target_max_block_size;
  ARROW_RETURN_NOT_OK(runner->Run(inputs, params, out, &stats));
  return out.blocks;
}

constexpr int64_t kFlushBytes = 1 << 20;

/// Both halves; the second one in one task per partition.
std::vector<Block> Group(const std::vector<std::string>& keys,
                         const std::vector<std::vector<Block>>& tasks,
                         int64_t target_max_block_size = 128 << 20) {
  std::map<int, std::vector<Block>> partitions;
  for (const auto& inputs : tasks) {
    const auto states =
        RunStep(std::make_shared<PartialGroupStepSpec>(keys, kSpecs, 3, kFlushBytes), inputs,
                target_max_block_size);
    EXPECT_TRUE(states.ok()) << states.status().ToString();
    for (const Block& block : *states) {
      const int partition = task::TagOf(*block.schema()).ValueOrDie().partition;
      partitions[partition].push_back(block);
    }
  }
  std::vector<Block> out;
  for (const auto& [partition, blocks] : partitions) {
    const auto values =
        RunStep(std::make_shared<FinalGroupStepSpec>("Aggregate", keys, kSpecs), blocks);
    EXPECT_TRUE(values.ok()) << values.status().ToString();
    out.insert(out.end(), values->begin(), values->end());
  }
  return out;
}

/// Column `name` by key.
std::map<int64_t, int64_t> ByKey(const std::vector<Block>& blocks, const std::string& name) {
  std::map<int64_t, int64_t> out;
  for (const Block& block : blocks) {
    const auto keys = testkit::Ids(block);
    const auto column = block.batch()->GetColumnByName(name);
    for (int64_t row = 0; row < block.num_rows(); ++row) {
      const bool is_new =
          out.emplace(keys[row], static_cast<const arrow::Int64Array&>(*column).Value(row)).second;
      EXPECT_TRUE(is_new) << "a key is in one partition";
    }
  }
  return out;
}

TEST(GroupStepsTest, GroupsOfSeveralTasksComeTogether) {
  const auto values = Group({"id"}, {{IdBlock({1, 2, 2})}, {IdBlock({2}), IdBlock({3, 1})}});
  EXPECT_EQ(ByKey(values, "rows"), (std::map<int64_t, int64_t>{{1, 2}, {2, 3}, {3, 1}}));
  EXPECT_EQ(ByKey(values, "sum"), (std::map<int64_t, int64_t>{{1, 2}, {2, 6}, {3, 3}}));
}

TEST(GroupStepsTest, FlushesStatesThatBecomeLargeWithoutChangingTheResult) {
  std::vector<Block> blocks;
  for (int i = 0; i < 10; ++i) blocks.push_back(IotaBlock(1000));
  const PartialGroupStepSpec partial({"id"}, kSpecs, 3, kFlushBytes);
  const auto small = RunStep(std::make_shared<PartialGroupStepSpec>(partial), blocks, 1000);
  const auto large = RunStep(std::make_shared<PartialGroupStepSpec>(partial), blocks);
  EXPECT_EQ(large.ValueOrDie().size(), 3);
  EXPECT_EQ(small.ValueOrDie().size(), 30);
  for (const auto& [key, rows] : ByKey(Group({"id"}, {blocks, blocks}, 1000), "rows")) {
    EXPECT_EQ(rows, 20) << key;
  }
}

TEST(GroupStepsTest, RowsThatHardlyRepeatGoOnAsTheyAre) {
  // From the first 100,000 rows on, which are all different.
  const std::vector<Block> blocks = {IotaBlock(150000), IotaBlock(1000), IotaBlock(1000)};
  const auto states = RunStep(std::make_shared<PartialGroupStepSpec>(std::vector<std::string>{"id"},
                                                                     kSpecs, 1, kFlushBytes),
                              blocks)
                          .ValueOrDie();
  int64_t rows = 0;
  int64_t rows_in_states = 0;
  for (const Block& block : states) {
    const bool holds_states = task::TagOf(*block.schema()).ValueOrDie().holds_states;
    (holds_states ? rows_in_states : rows) += block.num_rows();
  }
  EXPECT_EQ(rows_in_states, 100000);
  EXPECT_EQ(rows, 52000);
  const auto counts = ByKey(Group({"id"}, {blocks}), "rows");
  EXPECT_EQ(counts.size(), 150000);
  EXPECT_EQ(counts.at(0), 3);
  EXPECT_EQ(counts.at(149999), 1);
}

TEST(GroupStepsTest, NoRowsKeepTheSchema) {
  const auto values = Group({"id"}, {{IotaBlock(0)}, {Block()}, {}});
  ASSERT_EQ(values.size(), 1);
  EXPECT_EQ(values[0].num_rows(), 0);
  EXPECT_EQ(values[0].schema()->ToString(), "id: int64\nrows: int64\nsum: int64\nmedian: double");
}

TEST(GroupStepsTest, PartitionsOfOneTaskAreGroupedOneByOne) {
  std::vector<Block> blocks;
  for (const int32_t partition : {0, 0, 3}) {
    blocks.push_back(task::WithTag(IdBlock({10 * partition, 7}), {.partition = partition}));
  }
  const auto values = RunStep(std::make_shared<FinalGroupStepSpec>(
                                  "Aggregate", std::vector<std::string>{"id"}, kSpecs),
                              blocks)
                          .ValueOrDie();
  ASSERT_EQ(values.size(), 1) << "small blocks are joined";
  EXPECT_EQ(testkit::Ids(values[0]), (std::vector<int64_t>{0, 7, 30, 7}));
}

TEST(GroupStepsTest, WithoutKeysThereIsOneRow) {
  const auto values = Group({}, {{IdBlock(Iota(4))}, {IdBlock({5})}, {IotaBlock(0)}});
  ASSERT_EQ(values.size(), 1);
  ASSERT_EQ(values[0].num_rows(), 1);
  EXPECT_EQ(values[0].batch()->column(1)->GetScalar(0).ValueOrDie()->ToString(), "11");
  EXPECT_EQ(values[0].batch()->column(2)->GetScalar(0).ValueOrDie()->ToString(), "2");
  const auto nothing = Group({}, {{Block()}});
  ASSERT_EQ(nothing.size(), 1);
  EXPECT_EQ(nothing[0].batch()->column(0)->GetScalar(0).ValueOrDie()->ToString(), "0");
  EXPECT_EQ(nothing[0].batch()->column(1)->null_count(), 1);
}

TEST(GroupStepsTest, AnAggregateThatDoesNotExistFails) {
  const auto run =
      RunStep(std::make_shared<PartialGroupStepSpec>(std::vector<std::string>{"id"},
                                                     Specs{{"median", "id"}}, 1, kFlushBytes),
              {IotaBlock(1)});
  EXPECT_TRUE(run.status().IsInvalid());
}

}  // namespace
}  // namespace headrace::worker
