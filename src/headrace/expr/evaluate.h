// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/expressions.h"

namespace headrace::expr {

/// One output column of a projection.
struct NamedExpr {
  std::string name;
  Expr expr;
};

/// Value of `expr` for each row of `block`, one array of num_rows elements (literals are
/// broadcast). A missing column fails with KeyError naming it and the columns there are; a type
/// error fails with TypeError naming the expression and the types.
Result<std::shared_ptr<arrow::Array>> Evaluate(const Expr& expr, const Block& block,
                                               arrow::MemoryPool* pool);

/// Rows of `block` for which `predicate` is true (false and null drop the row). The block itself
/// when all rows pass.
Result<Block> Filter(const Expr& predicate, const Block& block, arrow::MemoryPool* pool);

/// Block with exactly the columns of `exprs`, in order. Plain column references share buffers.
Result<Block> Project(const std::vector<NamedExpr>& exprs, const Block& block,
                      arrow::MemoryPool* pool);

/// Type of `expr` over `schema`.
Result<std::shared_ptr<arrow::DataType>> TypeOf(const Expr& expr, const arrow::Schema& schema);

/// `predicate` as a list of conjuncts: a & (b & c) -> {a, b, c}.
std::vector<Expr> SplitConjunction(const Expr& predicate);
/// The conjuncts joined again; invalid when empty.
Expr JoinConjunction(const std::vector<Expr>& conjuncts);

/// `expr` with each column replaced by the expression that `exprs` gives for its name; columns not
/// named there stay.
Expr Substitute(const Expr& expr, const std::vector<NamedExpr>& exprs);

/// False when the statistics of a set of rows, written as a guarantee such as
/// (min <= a) & (a <= max), show that no row can satisfy `predicate`.
bool CanMatch(const Expr& predicate, const arrow::Schema& schema, const Expr& guarantee);

}  // namespace headrace::expr
