// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/data.h>

#include <memory>
#include <span>

#include "headrace/compute/gather_bits.h"

namespace headrace::compute {

/// The rows of a column whose values have one width: numbers, times, tensors of one shape. nullptr
/// for other types, and where a value within a list is null.
Result<std::shared_ptr<arrow::ArrayData>> GatherFixed(ColumnParts parts,
                                                      std::span<const RowRef> rows,
                                                      arrow::MemoryPool* pool);

}  // namespace headrace::compute
