// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/shuffle_steps.h"

#include <arrow/array/array_binary.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/worker/steps/run_step_test.h"

namespace headrace::worker {
namespace {

using testkit::Ids;
using testkit::Iota;
using testkit::WideBlock;

/// The rows of `data` cut in tasks of `task_rows` rows in blocks of `block_rows`, shuffled.
std::vector<Block> Shuffle(const Block& data, uint64_t seed, int64_t task_rows, int64_t block_rows,
                           int num_partitions, int64_t flush_bytes,
                           int64_t target_bytes = 128 << 20) {
  std::map<int, std::vector<Block>> partitions;
  for (int64_t first = 0; first < data.num_rows(); first += task_rows) {
    std::vector<Block> inputs;
    const Block task = data.Slice(first, task_rows);
    for (int64_t at = 0; at < task.num_rows(); at += block_rows) {
      inputs.push_back(task.Slice(at, block_rows));
      inputs.push_back(task.Slice(0, 0));
    }
    const auto spec = std::make_shared<ShufflePartitionStepSpec>(seed, num_partitions, flush_bytes);
    for (const Block& part : RunStep(spec, inputs, task::SerializeFirstRow(first)).ValueOrDie()) {
      partitions[task::TagOf(*part.schema()).ValueOrDie().partition].push_back(part);
    }
  }
  std::vector<Block> out;
  for (const auto& [partition, blocks] : partitions) {
    EXPECT_LT(partition, num_partitions);
    const auto spec = std::make_shared<ShuffleMergeStepSpec>("RandomShuffle");
    for (Block& block : RunStep(spec, blocks, {}, target_bytes).ValueOrDie()) {
      EXPECT_TRUE(block.schema()->Equals(*data.schema(), /*check_metadata=*/true));
      out.push_back(std::move(block));
    }
  }
  return out;
}

std::vector<int64_t> AllIds(const std::vector<Block>& blocks) {
  std::vector<int64_t> ids;
  for (const Block& block : blocks) {
    for (const int64_t id : Ids(block)) ids.push_back(id);
  }
  return ids;
}

TEST(ShuffleStepsTest, TheSeedAloneDecidesTheOrder) {
  const Block data = WideBlock(3000, 10);
  const auto want = AllIds(Shuffle(data, 7, 3000, 3000, 1, 1 << 30));
  EXPECT_EQ(AllIds(Shuffle(data, 7, 500, 90, 5, 1 << 30)), want);
  EXPECT_EQ(AllIds(Shuffle(data, 7, 1700, 17, 64, 2000)), want);
  EXPECT_EQ(AllIds(Shuffle(data, 7, 3000, 1000, 3, 1 << 30, /*target_bytes=*/1000)), want);
  EXPECT_NE(AllIds(Shuffle(data, 8, 3000, 3000, 1, 1 << 30)), want);
  auto sorted = want;
  EXPECT_NE(sorted, Iota(3000));
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, Iota(3000));
}

TEST(ShuffleStepsTest, RowsStayWhole) {
  for (const Block& block : Shuffle(WideBlock(500, 10), 1, 100, 30, 4, 1 << 30)) {
    const auto& texts = static_cast<const arrow::StringArray&>(*block.batch()->column(1));
    const auto ids = Ids(block);
    for (size_t i = 0; i < ids.size(); ++i) {
      EXPECT_EQ(texts.GetView(static_cast<int64_t>(i)),
                std::string(10, static_cast<char>('a' + ids[i] % 26)));
    }
  }
}

TEST(ShuffleStepsTest, AColumnMayHaveTheNameOfTheKey) {
  const auto renamed =
      WideBlock(50, 4).batch()->RenameColumns({std::string(kShuffleKeyColumn), "text"});
  auto ids = AllIds(Shuffle(Block(renamed.ValueOrDie()), 1, 20, 10, 3, 1 << 30));
  std::ranges::sort(ids);
  EXPECT_EQ(ids, Iota(50));
}

TEST(ShuffleStepsTest, MergesIntoBlocksOfTheTargetSize) {
  EXPECT_EQ(Shuffle(testkit::IotaBlock(1000), 3, 1000, 1000, 1, 1 << 30, 2000).size(), 4);
}

TEST(ShuffleStepsTest, ATaskWithoutRowsGivesItsSchema) {
  const auto spec = std::make_shared<ShufflePartitionStepSpec>(1, 8, 1 << 20);
  const auto merge = std::make_shared<ShuffleMergeStepSpec>("RandomShuffle");
  const auto parts =
      RunStep(spec, {Block(), testkit::IotaBlock(0)}, task::SerializeFirstRow(5)).ValueOrDie();
  ASSERT_EQ(parts.size(), 1);
  EXPECT_EQ(task::TagOf(*parts[0].schema()).ValueOrDie().partition, 0);
  const auto merged = RunStep(merge, parts).ValueOrDie();
  ASSERT_EQ(merged.size(), 1);
  EXPECT_TRUE(merged[0].schema()->Equals(*testkit::IotaBlock(0).schema()));
  const auto unknown = RunStep(spec, {Block()}, task::SerializeFirstRow(0)).ValueOrDie();
  ASSERT_EQ(unknown.size(), 1);
  EXPECT_TRUE(RunStep(merge, unknown).ok());
}

TEST(ShuffleStepsTest, NeedsPartitionsAndKeys) {
  const auto none = std::make_shared<ShufflePartitionStepSpec>(1, 0, 1 << 20);
  EXPECT_TRUE(RunStep(none, {}, task::SerializeFirstRow(0)).status().IsInvalid());
  const auto merge = std::make_shared<ShuffleMergeStepSpec>("RandomShuffle");
  EXPECT_TRUE(RunStep(merge, {testkit::IotaBlock(1)}).status().IsInvalid());
}

}  // namespace
}  // namespace headrace::worker
