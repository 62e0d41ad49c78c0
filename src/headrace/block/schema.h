// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace {

/// No columns and no rows: what a task gives that had nothing to read. It says nothing about the
/// columns of its neighbours.
inline bool SaysNothing(const Block& block) {
  return block.num_columns() == 0 && block.num_rows() == 0;
}

/// The schema that can hold the rows of all `schemas`: union of the fields by name in order of
/// first appearance; null type -> any; integers and floats widen (int + float -> double); structs
/// and lists recursively; string/binary -> their large form if either is large; dictionary + its
/// value type -> value type; tensors of one value type but different shapes -> variable-shape
/// tensors; object + anything -> object. Other differences fail with TypeError naming the column
/// and both types.
Result<std::shared_ptr<arrow::Schema>> UnifySchemas(
    const std::vector<std::shared_ptr<arrow::Schema>>& schemas);

/// `block` with the columns of `schema`: missing ones become null, others are cast. Columns that
/// already match are shared, not copied.
Result<Block> ConformTo(const Block& block, const std::shared_ptr<arrow::Schema>& schema,
                        arrow::MemoryPool* pool = arrow::default_memory_pool());

}  // namespace headrace
