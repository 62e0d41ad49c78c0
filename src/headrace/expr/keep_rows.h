// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_primitive.h>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::expr {

/// Rows of `block` where `mask` (one boolean per row) is true; null drops the row. `num_kept` is
/// the number of those rows. Columns of fixed width, dictionary indices included, are gathered by
/// row number, which costs about a nanosecond per kept value whatever the pattern of the mask;
/// others go through Arrow's filter.
Result<Block> KeepRows(const Block& block, const arrow::BooleanArray& mask, int64_t num_kept,
                       arrow::MemoryPool* pool);

}  // namespace headrace::expr
