// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "headrace/plan/operators.h"

namespace headrace::plan {

/// The expression over `project`'s input that gives its output column `name`; nullopt when there is
/// no such column, as far as that can be told without the input's schema.
std::optional<Expr> OriginOf(const Project& project, const std::string& name);

/// `expr`, which reads `project`'s output, as an expression over its input; nullopt when a column
/// has no origin.
std::optional<Expr> Rebase(const Expr& expr, const Project& project);

}  // namespace headrace::plan
