// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/sort_rows.h"

#include <numeric>

#include "headrace/compute/key_order.h"
#include "headrace/compute/row_places.h"

namespace headrace::compute {

Result<PoolArray<RowRef>> SortRows(const std::vector<Block>& blocks,
                                   std::span<const SortColumn> keys, int64_t limit,
                                   arrow::MemoryPool* pool) {
  const RowPlaces places(blocks);
  if (places.num_rows() > kMaxOrderedRows) {
    return Status::CapacityError("Cannot sort ", places.num_rows(), " rows at once");
  }
  ARROW_ASSIGN_OR_RAISE(const SortKeys sort_keys, SortKeys::Make(blocks, keys, pool));
  ARROW_ASSIGN_OR_RAISE(auto order, PoolArray<uint32_t>::Make(places.num_rows(), pool));
  std::iota(order.data(), order.data() + order.size(), 0U);
  ARROW_RETURN_NOT_OK(OrderByKey(sort_keys, order.span(), limit, pool));
  const int64_t num_rows = limit < 0 ? order.size() : std::min(limit, order.size());
  ARROW_ASSIGN_OR_RAISE(auto rows, PoolArray<RowRef>::Make(num_rows, pool));
  for (int64_t i = 0; i < num_rows; ++i) rows[i] = places.Find(order[i]);
  return rows;
}

}  // namespace headrace::compute
