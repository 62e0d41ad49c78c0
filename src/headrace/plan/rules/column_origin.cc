// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/column_origin.h"

#include <algorithm>

#include "headrace/expr/expression_traits.h"

namespace headrace::plan {

std::optional<Expr> OriginOf(const Project& project, const std::string& name) {
  for (const expr::NamedExpr& named : project.exprs()) {
    if (named.name == name) return named.expr;
  }
  if (!project.keep_rest()) return std::nullopt;
  for (const auto& [old_name, new_name] : project.renamed()) {
    if (new_name == name) return Col(old_name);
  }
  for (const auto& [old_name, new_name] : project.renamed()) {
    if (old_name == name) return std::nullopt;
  }
  const auto& dropped = project.dropped();
  if (std::find(dropped.begin(), dropped.end(), name) != dropped.end()) return std::nullopt;
  return Col(name);
}

std::optional<Expr> Rebase(const Expr& expr, const Project& project) {
  std::vector<expr::NamedExpr> origins;
  bool moved = false;
  for (const std::string& column : expr.Columns()) {
    std::optional<Expr> origin = OriginOf(project, column);
    if (!origin.has_value()) return std::nullopt;
    moved |= origin->ColumnName() != column;
    origins.push_back({column, *std::move(origin)});
  }
  // A field inside a struct can be followed only while its column keeps its name.
  if (moved && expr::ReadsInsideStruct(expr)) return std::nullopt;
  return moved ? expr::Substitute(expr, origins) : expr;
}

}  // namespace headrace::plan
