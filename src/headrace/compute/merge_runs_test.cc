// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/merge_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "headrace/compute/random_blocks.h"
#include "headrace/compute/sort_rows.h"

namespace headrace::compute {
namespace {

arrow::MemoryPool* Pool() { return arrow::default_memory_pool(); }

/// Random rows as a sorted run of blocks of up to `max_rows`.
std::vector<Block> RandomRun(testing::Random& random,
                             const std::vector<std::shared_ptr<arrow::DataType>>& types,
                             const std::vector<SortColumn>& keys, int64_t max_rows) {
  const auto blocks = testing::RandomBlocks(random, types, 3, 80, 6);
  const Block sorted =
      GatherRows(blocks, SortRows(blocks, keys, -1, Pool()).ValueOrDie(), Pool()).ValueOrDie();
  std::vector<Block> run;
  for (int64_t at = 0; at < sorted.num_rows(); at += max_rows) {
    run.push_back(sorted.Slice(at, max_rows));
  }
  return run;
}

std::vector<Block> Flat(const std::vector<SortedRun>& runs) {
  std::vector<Block> blocks;
  for (const auto& run : runs) blocks.insert(blocks.end(), run.blocks.begin(), run.blocks.end());
  return blocks;
}

bool Same(const RowRef& a, const RowRef& b) { return a.block == b.block && a.row == b.row; }

TEST(MergeRunsTest, EqualsASortOfAllRows) {
  testing::Random random(21);
  for (int round = 0; round < 60; ++round) {
    const auto types = testing::SortableTypes();
    const std::vector<std::shared_ptr<arrow::DataType>> columns = {types[random() % types.size()],
                                                                   arrow::int8()};
    const std::vector<SortColumn> keys = {{"c0", round % 2 == 0}, {"c1", round % 3 == 0}};
    std::vector<SortedRun> runs(1 + random() % 5);
    for (auto& run : runs) run.blocks = RandomRun(random, columns, keys, 1 + random() % 50);
    const auto blocks = Flat(runs);
    const auto limit = random() % 2 == 0 ? -1 : static_cast<int64_t>(random() % 100);
    const auto want = SortRows(blocks, keys, limit, Pool()).ValueOrDie();
    const auto got = MergeRuns(runs, keys, limit, Pool()).ValueOrDie();
    ASSERT_TRUE(std::ranges::equal(got, want, Same)) << "round " << round;
  }
}

TEST(MergeRunsTest, PartsBetweenCutsAreTheWhole) {
  testing::Random random(22);
  for (int round = 0; round < 60; ++round) {
    const std::vector<std::shared_ptr<arrow::DataType>> columns = {round % 2 == 0 ? arrow::utf8()
                                                                                  : arrow::int16()};
    const std::vector<SortColumn> keys = {{"c0", round % 4 < 2}};
    std::vector<SortedRun> runs(4);
    for (auto& run : runs) run.blocks = RandomRun(random, columns, keys, 30);
    const auto blocks = Flat(runs);
    if (blocks.empty()) continue;
    const auto want = MergeRuns(runs, keys, -1, Pool()).ValueOrDie();
    // A bound in front of the rows of a key that are in run `bound_run` and later ones.
    const SortKeys sort_keys = SortKeys::Make(blocks, keys, Pool()).ValueOrDie();
    std::string key = sort_keys.Bytes(static_cast<int64_t>(random() % sort_keys.num_rows()));
    if (random() % 3 == 0) key.resize(key.size() / 2);  // as keys in tags may be cut
    const auto bound_run = static_cast<size_t>(random() % 5);
    std::vector<RowRef> parts;
    for (const bool upper : {false, true}) {
      for (size_t r = 0; r < runs.size(); ++r) {
        const RunCut cut{key, r < bound_run};
        runs[r].low = upper ? std::optional(cut) : std::nullopt;
        runs[r].high = upper ? std::nullopt : std::optional(cut);
      }
      const auto part = MergeRuns(runs, keys, -1, Pool()).ValueOrDie();
      parts.insert(parts.end(), part.begin(), part.end());
    }
    ASSERT_TRUE(std::ranges::equal(parts, want, Same)) << "round " << round;
  }
}

}  // namespace
}  // namespace headrace::compute
