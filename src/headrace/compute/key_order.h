// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <limits>
#include <span>

#include "headrace/compute/sort_key.h"

namespace headrace::compute {

/// Rows are numbered in 32 bits while they are put in order.
inline constexpr int64_t kMaxOrderedRows = std::numeric_limits<uint32_t>::max();

/// Orders `rows`, numbers of rows of `keys`, by their keys; equal ones stay as they were. With a
/// `limit` (-1: none) only that many at the front are in order, the others are undefined.
Status OrderByKey(const SortKeys& keys, std::span<uint32_t> rows, int64_t limit,
                  arrow::MemoryPool* pool);

}  // namespace headrace::compute
