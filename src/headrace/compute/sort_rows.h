// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/gather.h"
#include "headrace/compute/pool_array.h"
#include "headrace/compute/sort_key.h"

namespace headrace::compute {

/// The rows of all `blocks`, which have one schema, in the order of `keys`; rows with equal keys as
/// they are in the blocks. Only the first `limit` unless that is -1. Fails as SortKeys::Make does,
/// and with CapacityError for more than kMaxOrderedRows.
Result<PoolArray<RowRef>> SortRows(const std::vector<Block>& blocks,
                                   std::span<const SortColumn> keys, int64_t limit,
                                   arrow::MemoryPool* pool);

}  // namespace headrace::compute
