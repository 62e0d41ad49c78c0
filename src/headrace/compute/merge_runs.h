// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/gather.h"
#include "headrace/compute/pool_array.h"
#include "headrace/compute/sort_key.h"

namespace headrace::compute {

/// A place in a sorted run: behind all smaller keys and before all larger ones.
struct RunCut {
  std::string key;            // in the form of SortKeys::Bytes
  bool behind_equal = false;  // behind the rows of just this key, else before them
};

/// Blocks that follow one another and are in order. Counts only what is between the cuts; those at
/// the start and at the end need not be given.
struct SortedRun {
  std::vector<Block> blocks;
  std::optional<RunCut> low;
  std::optional<RunCut> high;
};

/// The rows of all runs in the order of `keys`, rows with equal keys in the order of the runs; as
/// rows of all blocks of the first run, of the second and so on. Only the first `limit` unless that
/// is -1. Fails as SortRows does.
Result<PoolArray<RowRef>> MergeRuns(std::span<const SortedRun> runs,
                                    std::span<const SortColumn> keys, int64_t limit,
                                    arrow::MemoryPool* pool);

}  // namespace headrace::compute
