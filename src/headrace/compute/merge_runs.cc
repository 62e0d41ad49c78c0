// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/merge_runs.h"

#include <algorithm>
#include <numeric>

#include "headrace/compute/key_order.h"
#include "headrace/compute/row_places.h"

namespace headrace::compute {
namespace {

/// First of the rows [begin, end), a run, that is behind `cut`.
int64_t FirstBehind(const SortKeys& keys, int64_t begin, int64_t end, const RunCut& cut) {
  while (begin < end) {
    const int64_t row = std::midpoint(begin, end);
    const int order = keys.Bytes(row).compare(cut.key);
    if (order < 0 || (order == 0 && cut.behind_equal)) {
      begin = row + 1;
    } else {
      end = row;
    }
  }
  return begin;
}

}  // namespace

Result<PoolArray<RowRef>> MergeRuns(std::span<const SortedRun> runs,
                                    std::span<const SortColumn> keys, int64_t limit,
                                    arrow::MemoryPool* pool) {
  std::vector<Block> blocks;
  for (const SortedRun& run : runs) {
    blocks.insert(blocks.end(), run.blocks.begin(), run.blocks.end());
  }
  const RowPlaces places(blocks);
  if (places.num_rows() > kMaxOrderedRows) {
    return Status::CapacityError("Cannot merge ", places.num_rows(), " rows at once");
  }
  ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(blocks, keys, pool));
  ARROW_ASSIGN_OR_RAISE(auto order, PoolArray<uint32_t>::Make(places.num_rows(), pool));
  int64_t num_rows = 0;
  size_t block = 0;
  for (const SortedRun& run : runs) {
    int64_t begin = places.begin(block);
    block += run.blocks.size();
    int64_t end = places.begin(block);
    if (run.low) begin = FirstBehind(sort_keys, begin, end, *run.low);
    if (run.high) end = FirstBehind(sort_keys, begin, end, *run.high);
    std::iota(order.data() + num_rows, order.data() + num_rows + (end - begin),
              static_cast<uint32_t>(begin));
    num_rows += end - begin;
  }
  const auto kept = order.span().first(static_cast<size_t>(num_rows));
  ARROW_RETURN_NOT_OK(OrderByKey(sort_keys, kept, limit, pool));
  if (limit >= 0) num_rows = std::min(num_rows, limit);
  ARROW_ASSIGN_OR_RAISE(auto rows, PoolArray<RowRef>::Make(num_rows, pool));
  for (int64_t i = 0; i < num_rows; ++i) rows[i] = places.Find(order[i]);
  return rows;
}

}  // namespace headrace::compute
