// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/data.h>

#include <memory>
#include <span>

#include "headrace/compute/gather_bits.h"

namespace headrace::compute {

/// The rows of a column of strings or bytes with 32-bit or 64-bit offsets. Fails with CapacityError
/// when 32 bits cannot count the bytes of all rows.
Result<std::shared_ptr<arrow::ArrayData>> GatherBinary(ColumnParts parts,
                                                       std::span<const RowRef> rows,
                                                       arrow::MemoryPool* pool);

}  // namespace headrace::compute
