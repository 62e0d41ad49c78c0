// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/expression.h>
#include <arrow/datum.h>

#include <memory>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/expressions.h"

namespace headrace::expr {

/// An expression bound to one schema: what is worth keeping between blocks, as binding costs tens
/// of microseconds. Immutable and thread-safe.
///
/// A part of the expression that reads nothing but one dictionary column (col('flag') == 'N') is
/// evaluated on the dictionary's values and then looked up by index, so such a column is never
/// decoded.
class BoundExpr {
 public:
  static Result<BoundExpr> Make(const Expr& expr, std::shared_ptr<arrow::Schema> schema);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  std::shared_ptr<arrow::DataType> type() const;

  /// A scalar (the same value in all rows) or an array of num_rows elements. `block` has the schema
  /// given to Make.
  Result<arrow::Datum> Evaluate(const Block& block, arrow::MemoryPool* pool) const;

 private:
  struct DictionaryPart {
    int column;                              // position of the dictionary column
    arrow::compute::Expression over_values;  // bound to a schema of only its values
    std::shared_ptr<arrow::DataType> result_type;
  };

  BoundExpr() = default;
  Result<arrow::compute::Expression> Extract(const arrow::compute::Expression& expression);
  Result<std::shared_ptr<arrow::Array>> EvaluatePart(const DictionaryPart& part,
                                                     const arrow::Array& column,
                                                     arrow::MemoryPool* pool) const;

  Expr source_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<DictionaryPart> parts_;
  arrow::compute::Expression bound_;  // over schema_'s columns, then one column per part
};

}  // namespace headrace::expr
