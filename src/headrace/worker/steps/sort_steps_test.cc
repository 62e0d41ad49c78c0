// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/sort_steps.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "headrace/compute/sort_rows.h"
#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/worker/steps/run_step_test.h"

namespace headrace::worker {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testkit::IdBlock;
using testkit::Ids;

constexpr auto kMaxKey = task::ExchangeTag::kMaxKeyBytes;

StepSpecPtr SortRun(std::vector<SortColumn> keys, int64_t run_bytes, int64_t limit = -1) {
  return std::make_shared<SortRunStepSpec>("Sort", std::move(keys), run_bytes, limit);
}
StepSpecPtr MergeRuns(std::vector<SortColumn> keys, int64_t limit = -1) {
  return std::make_shared<MergeRunsStepSpec>("Sort", std::move(keys), limit);
}

task::ExchangeTag TagOf(const Block& block) { return task::TagOf(*block.schema()).ValueOrDie(); }

/// Column "id", numbers from `begin` on, and column "text": few values, of which some differ behind
/// the end of what a tag carries.
Block TextBlock(std::mt19937_64& random, int64_t rows, int64_t begin) {
  arrow::Int64Builder ids;
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(ids.Append(begin + i).ok());
    const std::string text(random() % 2 == 0 ? 0 : kMaxKey + 3, 'x');
    EXPECT_TRUE(
        (random() % 9 == 0 ? texts.AppendNull() : texts.Append(text + std::to_string(random() % 6)))
            .ok());
  }
  return Block(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("id", arrow::int64()), arrow::field("text", arrow::utf8())}),
      rows, {ids.Finish().ValueOrDie(), texts.Finish().ValueOrDie()}));
}

using Bound = task::MergeRange::Bound;

bool operator<(const Bound& a, const Bound& b) {
  return a.key != b.key ? a.key < b.key : a.run < b.run;
}

/// What the operator between the halves knows.
struct TaggedRun {
  int64_t number = 0;
  std::vector<Block> pieces;
};

/// Each range with the pieces that can have rows of it.
Result<std::vector<int64_t>> MergeRanges(const std::vector<TaggedRun>& runs,
                                         const std::vector<Bound>& bounds,
                                         const std::vector<SortColumn>& keys) {
  std::vector<int64_t> ids;
  for (size_t i = 0; i <= bounds.size(); ++i) {
    task::MergeRange range;
    if (i > 0) range.low = bounds[i - 1];
    range.has_high = i < bounds.size();
    if (range.has_high) range.high = bounds[i];
    std::vector<Block> blocks;
    for (const TaggedRun& run : runs) {
      int64_t num_blocks = 0;
      for (const Block& piece : run.pieces) {
        const auto tag = TagOf(piece);
        if (Bound{tag.last_key, run.number} < range.low && tag.last_key.size() < kMaxKey) continue;
        if (tag.last_key < range.low.key) continue;
        // Its first row is at the bound or, if the tag's key is cut, behind it.
        if (range.has_high && !(Bound{tag.first_key, run.number} < range.high)) continue;
        blocks.push_back(piece);
        ++num_blocks;
      }
      if (num_blocks > 0) range.runs.push_back({run.number, num_blocks});
    }
    ARROW_ASSIGN_OR_RAISE(const auto merged, RunStep(MergeRuns(keys), blocks, range.Serialize()));
    for (const Block& block : merged) {
      EXPECT_FALSE(task::TagOf(*block.schema()).ok());
      for (const int64_t id : Ids(block)) ids.push_back(id);
    }
  }
  return ids;
}

TEST(SortStepsTest, RangesOfTaggedRunsAreTheSortedWhole) {
  std::mt19937_64 random(17);
  for (int round = 0; round < 20; ++round) {
    const std::vector<SortColumn> keys = {{"text", round % 2 == 0}};
    std::vector<Block> all;
    std::vector<TaggedRun> runs;
    std::vector<Bound> bounds;
    for (int task = 0; task < 3; ++task) {
      std::vector<Block> inputs;
      for (int i = 0; i < 3; ++i) {
        inputs.push_back(
            TextBlock(random, static_cast<int64_t>(random() % 5000), 100000 * task + 10000 * i));
        all.push_back(inputs.back());
      }
      const auto pieces = RunStep(SortRun(keys, 300000), inputs).ValueOrDie();
      for (const Block& piece : pieces) {
        if (piece.num_rows() == 0) continue;
        const auto tag = TagOf(piece);
        if (tag.starts_run) runs.push_back({static_cast<int64_t>(runs.size()), {}});
        ASSERT_FALSE(runs.empty());
        runs.back().pieces.push_back(piece);
        const auto sort_keys =
            compute::SortKeys::Make(piece, keys, arrow::default_memory_pool()).ValueOrDie();
        EXPECT_EQ(tag.first_key, sort_keys.Bytes(0).substr(0, kMaxKey));
        EXPECT_EQ(tag.last_key, sort_keys.Bytes(piece.num_rows() - 1).substr(0, kMaxKey));
        if (random() % 4 == 0) {
          bounds.push_back({tag.first_key, static_cast<int64_t>(random() % 6)});
        }
      }
    }
    std::sort(bounds.begin(), bounds.end(), [](const Bound& a, const Bound& b) { return a < b; });
    std::vector<int64_t> want;
    const auto pool = arrow::default_memory_pool();
    const auto order = compute::SortRows(all, keys, -1, pool).ValueOrDie();
    const Block sorted = compute::GatherRows(all, order, pool).ValueOrDie();
    const auto got = MergeRanges(runs, bounds, keys);
    ASSERT_TRUE(got.ok()) << got.status().ToString();
    ASSERT_EQ(*got, Ids(sorted)) << "round " << round;
  }
}

TEST(SortStepsTest, PiecesAreA64thOfAFullRunButNotTiny) {
  const std::vector<SortColumn> keys = {{"id"}};
  EXPECT_EQ(RunStep(SortRun(keys, 1 << 30), {testkit::IotaBlock(1000)})->size(), 1);
  EXPECT_EQ(RunStep(SortRun(keys, 1 << 30), {testkit::IotaBlock(100000)})->size(), 1);
  EXPECT_THAT(RunStep(SortRun(keys, 1 << 20), {testkit::IotaBlock(100000)})->size(),
              testing::AllOf(testing::Ge(12), testing::Le(13)));
  const auto pieces = RunStep(SortRun(keys, 1 << 20), {testkit::IotaBlock(1000001)}).ValueOrDie();
  EXPECT_EQ(pieces.size(), 64);
  EXPECT_TRUE(TagOf(pieces[0]).starts_run);
  EXPECT_FALSE(TagOf(pieces[1]).starts_run);
}

TEST(SortStepsTest, ATaskWithoutRowsGivesItsSchema) {
  const auto pieces =
      RunStep(SortRun({{"id"}}, 1 << 20), {Block(), testkit::IotaBlock(0)}).ValueOrDie();
  ASSERT_EQ(pieces.size(), 1);
  EXPECT_EQ(pieces[0].num_rows(), 0);
  EXPECT_EQ(pieces[0].num_columns(), 1);
  EXPECT_TRUE(TagOf(pieces[0]).first_key.empty());
  task::MergeRange range;
  range.runs = {{0, 1}};
  const auto merged = RunStep(MergeRuns({{"id"}}), pieces, range.Serialize()).ValueOrDie();
  ASSERT_EQ(merged.size(), 1);
  EXPECT_TRUE(merged[0].schema()->Equals(testkit::IotaBlock(0).schema()));
  // Nothing is known of the columns.
  const auto unknown = RunStep(SortRun({{"id"}}, 1 << 20), {Block()}).ValueOrDie();
  EXPECT_TRUE(RunStep(MergeRuns({{"id"}}), unknown, range.Serialize()).ok());
}

TEST(SortStepsTest, ALimitKeepsOneShortRunPerTask) {
  const std::vector<SortColumn> keys = {{"id", true}};
  std::vector<Block> inputs;
  for (int i = 0; i < 50; ++i) inputs.push_back(testkit::IotaBlock(1000, i * 1000));
  const auto pieces = RunStep(SortRun(keys, 40000, 3), inputs).ValueOrDie();
  ASSERT_EQ(pieces.size(), 1);
  EXPECT_THAT(Ids(pieces[0]), ElementsAre(49999, 49998, 49997));
  task::MergeRange range;
  range.runs = {{0, 1}, {1, 1}};
  const auto merged = RunStep(MergeRuns(keys, 4), {pieces[0], pieces[0]}, range.Serialize());
  ASSERT_TRUE(merged.ok());
  EXPECT_THAT(Ids((*merged)[0]), ElementsAre(49999, 49999, 49998, 49998));
}

TEST(SortStepsTest, BlocksOfOtherSchemasJoin) {
  arrow::Int32Builder narrow;
  ASSERT_TRUE(narrow.AppendValues({5, 1}).ok());
  const Block other(arrow::RecordBatch::Make(arrow::schema({arrow::field("id", arrow::int32())}), 2,
                                             {narrow.Finish().ValueOrDie()}));
  const auto pieces = RunStep(SortRun({{"id"}}, 1 << 20), {IdBlock({4, 0, 9}), other}).ValueOrDie();
  ASSERT_EQ(pieces.size(), 1);
  EXPECT_THAT(Ids(pieces[0]), ElementsAre(0, 1, 4, 5, 9));
}

TEST(SortStepsTest, MergesIntoBlocksOfTheTargetSize) {
  task::MergeRange range;
  range.runs = {{0, 1}, {1, 1}};
  const auto merged =
      RunStep(MergeRuns({{"id"}}), {testkit::IotaBlock(1000), testkit::IotaBlock(1000, 500)},
              range.Serialize(), /*target_bytes=*/4000)
          .ValueOrDie();
  EXPECT_EQ(merged.size(), 4);
}

TEST(SortStepsTest, ErrorsSayWhatIsWrong) {
  const auto missing = RunStep(SortRun({{"nope"}}, 1 << 20), {IdBlock({1})}).status();
  EXPECT_TRUE(missing.IsInvalid());
  EXPECT_THAT(missing.message(), HasSubstr("'nope'"));
  task::MergeRange range;
  range.runs = {{0, 2}};
  EXPECT_TRUE(RunStep(MergeRuns({{"id"}}), {IdBlock({1})}, range.Serialize()).status().IsInvalid());
  range.runs.clear();
  EXPECT_TRUE(RunStep(MergeRuns({{"id"}}), {IdBlock({1})}, range.Serialize()).status().IsInvalid());
}

}  // namespace
}  // namespace headrace::worker
