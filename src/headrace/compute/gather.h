// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::compute {

/// A row of one of several blocks.
struct RowRef {
  uint32_t block = 0;
  uint32_t row = 0;
};

/// The rows `rows` of `blocks`, in that order, as one block. All blocks have the same schema.
/// Columns of fixed width (tensors too) without nulls are copied once, from where they are to where
/// they go; others are taken block by block and put in order.
Result<Block> GatherRows(const std::vector<Block>& blocks, std::span<const RowRef> rows,
                         arrow::MemoryPool* pool);

}  // namespace headrace::compute
