// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "headrace/expr/bound_expr.h"
#include "headrace/expr/projection.h"

namespace headrace::expr {

/// Filters block after block; binds its predicate again only when the schema changes. One thread at
/// a time.
class BlockFilter {
 public:
  explicit BlockFilter(Expr predicate) : predicate_(std::move(predicate)) {}
  /// As expr::Filter.
  Result<Block> Apply(const Block& block, arrow::MemoryPool* pool);

 private:
  Expr predicate_;
  std::optional<BoundExpr> bound_;
};

/// Projects block after block; resolves and binds again only when the schema changes. One thread at
/// a time.
class BlockProjector {
 public:
  explicit BlockProjector(Projection projection) : projection_(std::move(projection)) {}
  /// Resolve, then expr::Project.
  Result<Block> Apply(const Block& block, arrow::MemoryPool* pool);

 private:
  struct Column {
    int index = -1;  // of the input's column that is taken as it is
    std::optional<BoundExpr> bound;
  };
  Status BindTo(const std::shared_ptr<arrow::Schema>& schema);

  Projection projection_;
  std::shared_ptr<arrow::Schema> input_schema_;
  std::shared_ptr<arrow::Schema> output_schema_;
  std::vector<Column> columns_;
};

}  // namespace headrace::expr
