// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/data.h>

#include <cstdint>
#include <memory>
#include <span>

#include "headrace/compute/gather.h"

namespace headrace::compute {

/// A column in several blocks, one per block. Borrowed.
using ColumnParts = std::span<const arrow::ArrayData* const>;

/// Which of the gathered rows are values.
struct Validity {
  std::shared_ptr<arrow::Buffer> bits;  // nullptr: all
  int64_t null_count = 0;
};

Result<Validity> GatherValidity(ColumnParts parts, std::span<const RowRef> rows,
                                arrow::MemoryPool* pool);

/// The rows of a column of bools.
Result<std::shared_ptr<arrow::ArrayData>> GatherBools(ColumnParts parts,
                                                      std::span<const RowRef> rows,
                                                      arrow::MemoryPool* pool);

}  // namespace headrace::compute
