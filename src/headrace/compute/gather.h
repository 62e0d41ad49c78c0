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

/// The rows `rows` of `blocks`, in that order, as one block that shares no memory with them but for
/// dictionaries. All blocks have the same schema. Columns of fixed width (tensors too), bools and
/// strings are copied once, from where they are to where they go; others are taken block by block
/// and put in order. Fails with CapacityError when a column's strings come to more bytes than its
/// offsets can count.
Result<Block> GatherRows(const std::vector<Block>& blocks, std::span<const RowRef> rows,
                         arrow::MemoryPool* pool);

}  // namespace headrace::compute
