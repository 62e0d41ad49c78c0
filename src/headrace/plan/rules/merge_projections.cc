// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/merge_projections.h"

#include <algorithm>

#include "headrace/expr/expression_traits.h"
#include "headrace/expr/projection.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/rules/column_origin.h"

namespace headrace::plan {
namespace {

using expr::NamedExpr;

bool Names(const std::vector<NamedExpr>& exprs, const std::string& name) {
  return std::any_of(exprs.begin(), exprs.end(),
                     [&](const NamedExpr& named) { return named.name == name; });
}

// True when an expression of `inner` that costs something would be computed more than once, or its
// random values would be drawn again.
bool WouldRepeatWork(const Project& inner, const std::vector<NamedExpr>& outer,
                     bool inner_stays_visible) {
  for (const NamedExpr& computed : inner.exprs()) {
    if (expr::IsTrivial(computed.expr)) continue;
    // A kept column that nothing overrides is one use by itself.
    int uses = inner_stays_visible && !Names(outer, computed.name) ? 1 : 0;
    for (const NamedExpr& named : outer) uses += expr::CountReferences(named.expr, computed.name);
    if (uses > 1) return true;
  }
  return false;
}

// `exprs` over the input of `inner`; nullopt when one of them has no origin there.
std::optional<std::vector<NamedExpr>> RebaseAll(const std::vector<NamedExpr>& exprs,
                                                const Project& inner) {
  std::vector<NamedExpr> rebased;
  for (const NamedExpr& named : exprs) {
    std::optional<Expr> moved = Rebase(named.expr, inner);
    if (!moved.has_value()) return std::nullopt;
    rebased.push_back({named.name, *std::move(moved)});
  }
  return rebased;
}

// The output of `outer` is known by name: it lists its columns, or `inner` does.
LogicalOperatorPtr MergeIntoList(const Project& outer, const Project& inner,
                                 const LogicalOperatorPtr& node) {
  std::vector<NamedExpr> exprs = outer.exprs();
  if (outer.keep_rest()) {
    arrow::FieldVector fields;
    for (const NamedExpr& named : inner.exprs()) {
      fields.push_back(arrow::field(named.name, arrow::null()));
    }
    auto resolved =
        expr::Resolve({outer.exprs(), /*keep_rest=*/true, outer.dropped(), outer.renamed()},
                      *arrow::schema(std::move(fields)));
    if (!resolved.ok()) return node;  // running it tells the user what is wrong
    exprs = *std::move(resolved);
  }
  if (WouldRepeatWork(inner, exprs, /*inner_stays_visible=*/false)) return node;
  auto rebased = RebaseAll(exprs, inner);
  if (!rebased.has_value()) return node;
  return std::make_shared<Project>(
      inner.input(), *std::move(rebased), /*keep_rest=*/false, std::vector<std::string>{},
      std::vector<std::pair<std::string, std::string>>{}, outer.options());
}

// Both keep columns that no one has named yet. Renames and drops of a second step over those of a
// first one depend on which columns exist, so only added columns are merged.
LogicalOperatorPtr MergeAdded(const Project& outer, const Project& inner,
                              const LogicalOperatorPtr& node) {
  if (!outer.dropped().empty() || !outer.renamed().empty()) return node;
  if (WouldRepeatWork(inner, outer.exprs(), /*inner_stays_visible=*/true)) return node;
  auto rebased = RebaseAll(outer.exprs(), inner);
  if (!rebased.has_value()) return node;
  std::vector<NamedExpr> exprs = inner.exprs();
  for (NamedExpr& named : *rebased) {
    const auto same = std::find_if(exprs.begin(), exprs.end(), [&](const NamedExpr& other) {
      return other.name == named.name;
    });
    if (same == exprs.end()) {
      exprs.push_back(std::move(named));
    } else {
      same->expr = std::move(named.expr);
    }
  }
  return std::make_shared<Project>(inner.input(), std::move(exprs), /*keep_rest=*/true,
                                   inner.dropped(), inner.renamed(), outer.options());
}

}  // namespace

Result<LogicalOperatorPtr> MergeProjections::Rewrite(LogicalOperatorPtr node) const {
  const auto* outer = As<Project>(node);
  const auto* inner = outer != nullptr ? As<Project>(outer->input()) : nullptr;
  if (inner == nullptr || !(outer->options() == inner->options())) return node;
  if (outer->keep_rest() && inner->keep_rest()) return MergeAdded(*outer, *inner, node);
  return MergeIntoList(*outer, *inner, node);
}

}  // namespace headrace::plan
