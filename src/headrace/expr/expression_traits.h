// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/expressions.h"

namespace headrace::expr {

/// False when two evaluations over the same row may differ: it calls a function without arguments,
/// such as random.
bool IsDeterministic(const Expr& expr);

/// How many times `expr` reads the column `name`.
int CountReferences(const Expr& expr, const std::string& name);

/// True when `expr` is just a column or a literal: evaluating it costs nothing per row.
bool IsTrivial(const Expr& expr);

/// True when `expr` reads a field inside a struct column.
bool ReadsInsideStruct(const Expr& expr);

}  // namespace headrace::expr
