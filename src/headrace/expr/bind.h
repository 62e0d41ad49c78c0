// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/expression.h>
#include <arrow/type.h>

#include "headrace/base/status.h"
#include "headrace/expressions.h"

namespace headrace::expr {

/// Fails with KeyError, naming the column and those there are, when `expr` reads a column that
/// `schema` does not have.
Status CheckColumns(const Expr& expr, const arrow::Schema& schema);

/// `expr` bound to `schema`: kernels looked up and implicit casts inserted. Where the operands'
/// types ask for it, a function is exchanged for the one a Python user means: `/` of integers
/// divides as doubles, floor(a / b) of integers gives an integer, `+` of strings joins them,
/// arithmetic with an integer literal is done in int64.
/// Fails as CheckColumns does, or with TypeError naming the expression.
Result<arrow::compute::Expression> Bind(const Expr& expr, const arrow::Schema& schema);

}  // namespace headrace::expr
