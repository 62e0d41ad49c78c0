// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/scalar.h>

#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::compute {

/// One aggregate over all rows of a column.
struct AggregateSpec {
  std::string function;      // "sum", "min", "max", "mean", "std", "count"
  std::string column;        // count: "" counts rows
  bool ignore_nulls = true;  // false: one null makes the result null (count: nulls are counted)
  int64_t ddof = 1;          // std: divides by n - ddof
};

/// First half of a global aggregation: one task's rows become one row of states. One thread at a
/// time; memory does not grow with the rows.
///
/// State columns of aggregate i (types follow the column; a min or max of strings keeps strings):
/// "i.count" int64 (rows that were not null), "i.nulls" int64, and
/// sum: "i.value" int64 | uint64 | double | decimal; min, max: "i.value" of the column's type;
/// mean: "i.value" double (the mean); std: "i.value" double (mean) and "i.m2" double (sum of
/// squared distances to it).
class PartialAggregator {
 public:
  /// Fails with Invalid for a function that does not exist.
  static Result<std::unique_ptr<PartialAggregator>> Make(std::vector<AggregateSpec> specs);
  virtual ~PartialAggregator() = default;

  /// Fails with KeyError for a column that is not there, with TypeError where a column's type has
  /// no such aggregate.
  virtual Status Add(const Block& block) = 0;
  /// One row. Called once, at the end.
  virtual Result<Block> Finish() = 0;
};

/// Second half: the states of all tasks become one value per spec, in order. Without rows, or with
/// only nulls, a value is null (count: 0; a std of too few rows for its ddof: NaN). Integer sums
/// stay integers and fail with Invalid when they overflow.
Result<std::vector<std::shared_ptr<arrow::Scalar>>> MergePartials(
    const std::vector<AggregateSpec>& specs, const std::vector<Block>& partials);

}  // namespace headrace::compute
