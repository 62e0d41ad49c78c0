// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/expressions.h"

namespace headrace::datasource {

/// Which rows of a row group are wanted.
struct RowSelection {
  int64_t num_rows = 0;  // of the row group
  bool all = true;
  std::vector<int32_t> rows;  // ascending, when not all

  int64_t size() const { return all ? num_rows : static_cast<int64_t>(rows.size()); }
};

/// The rows of `outer` that `inner` selects of them; inner.num_rows is outer.size().
RowSelection SelectWithin(const RowSelection& outer, RowSelection inner);

/// Evaluates a filter over columns that may still be dictionary-encoded: a conjunct that reads one
/// such column is evaluated once per dictionary value instead of once per row. Thread-safe.
class RowFilter {
 public:
  /// An invalid filter selects every row.
  explicit RowFilter(const Expr& filter);

  bool has_filter() const { return !conjuncts_.empty(); }
  /// Rows of `block` for which the filter is true. `block` has the columns that the filter reads,
  /// with fewer than 2^31 rows.
  Result<RowSelection> Select(const Block& block, arrow::MemoryPool* pool) const;

 private:
  struct Conjunct {
    Expr expr;
    std::vector<std::string> columns;
  };
  std::vector<Conjunct> conjuncts_;
};

/// The selected rows of `column`, which has selection.num_rows rows. Dictionary arrays stay
/// dictionary arrays.
Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& column,
                                               const RowSelection& selection,
                                               arrow::MemoryPool* pool);

/// A dictionary array as an array of its value type; other arrays as they are.
Result<std::shared_ptr<arrow::Array>> ExpandDictionary(const std::shared_ptr<arrow::Array>& column,
                                                       arrow::MemoryPool* pool);

}  // namespace headrace::datasource
