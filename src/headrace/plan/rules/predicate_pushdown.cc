// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/predicate_pushdown.h"

#include <algorithm>

#include "headrace/expr/expression_traits.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/rules/column_origin.h"
#include "headrace/plan/rules/source_columns.h"
#include "headrace/plan/schema_of.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

LogicalOperatorPtr FilterAbove(LogicalOperatorPtr input, const std::vector<Expr>& conjuncts,
                               const MapOptions& options) {
  if (conjuncts.empty()) return input;
  return std::make_shared<FilterExpr>(std::move(input), expr::JoinConjunction(conjuncts), options);
}

LogicalOperatorPtr IntoRead(const LogicalOperatorPtr& node, const FilterExpr& filter,
                            const Read& read) {
  // A limit counts rows before this filter; a filter with its own resources wants its own tasks.
  if (read.limit_rows() >= 0 || !(filter.options() == MapOptions{})) return node;
  if (!GivesColumns(*read.source(), filter.predicate().Columns())) return node;
  DatasourcePtr source = read.source();
  std::vector<Expr> residual;
  for (const Expr& conjunct : expr::SplitConjunction(filter.predicate())) {
    DatasourcePtr filtered =
        expr::IsDeterministic(conjunct) ? source->WithFilter(conjunct) : nullptr;
    if (filtered == nullptr) {
      residual.push_back(conjunct);
    } else {
      source = std::move(filtered);
    }
  }
  if (source == read.source()) return node;
  auto below = std::make_shared<Read>(source, read.override_num_blocks(), read.options());
  return FilterAbove(std::move(below), residual, filter.options());
}

LogicalOperatorPtr BelowProject(const LogicalOperatorPtr& node, const FilterExpr& filter,
                                const Project& project) {
  std::vector<Expr> moved;
  std::vector<Expr> residual;
  for (const Expr& conjunct : expr::SplitConjunction(filter.predicate())) {
    const std::vector<std::string> columns = conjunct.Columns();
    // A computed column would be computed twice, once for the filter and once for what it keeps.
    const bool plain = std::all_of(columns.begin(), columns.end(), [&](const std::string& column) {
      const std::optional<Expr> origin = OriginOf(project, column);
      return origin.has_value() && expr::IsTrivial(*origin);
    });
    std::optional<Expr> rebased;
    if (plain && !columns.empty() && expr::IsDeterministic(conjunct)) {
      rebased = Rebase(conjunct, project);
    }
    if (rebased.has_value()) {
      moved.push_back(*std::move(rebased));
    } else {
      residual.push_back(conjunct);
    }
  }
  if (moved.empty()) return node;
  LogicalOperatorPtr below = FilterAbove(project.input(), moved, filter.options());
  return FilterAbove(project.WithInputs({std::move(below)}), residual, filter.options());
}

// A branch without one of the columns has nulls there, which the filter could not read inside it;
// one with another type may compare differently than the unified column does.
Result<LogicalOperatorPtr> IntoUnion(const LogicalOperatorPtr& node, const FilterExpr& filter,
                                     const Union& unite) {
  // A schema that cannot be had is the reader's error to report.
  const auto unified = SchemaOf(node->input()).ValueOr(nullptr);
  if (unified == nullptr) return node;
  std::vector<LogicalOperatorPtr> branches;
  for (const LogicalOperatorPtr& branch : unite.inputs()) {
    const auto schema = SchemaOf(branch).ValueOr(nullptr);
    if (schema == nullptr) return node;
    for (const std::string& column : filter.predicate().Columns()) {
      const auto wanted = unified->GetFieldByName(column);
      const auto there = schema->GetFieldByName(column);
      if (wanted == nullptr || there == nullptr || !wanted->type()->Equals(*there->type())) {
        return node;
      }
    }
    branches.push_back(filter.WithInputs({branch}));
  }
  return unite.WithInputs(std::move(branches));
}

}  // namespace

Result<LogicalOperatorPtr> PredicatePushdown::Rewrite(LogicalOperatorPtr node) const {
  const auto* filter = As<FilterExpr>(node);
  if (filter == nullptr) return node;
  const LogicalOperatorPtr& input = node->input();
  if (const auto* read = As<Read>(input)) return IntoRead(node, *filter, *read);
  if (const auto* project = As<Project>(input)) return BelowProject(node, *filter, *project);
  if (const auto* unite = As<Union>(input)) return IntoUnion(node, *filter, *unite);
  // (A sort that gives only the first rows counts them before this filter.)
  const auto* sort = As<Sort>(input);
  if (As<Repartition>(input) || As<StreamingRepartition>(input) || As<HashRepartition>(input) ||
      (sort != nullptr && sort->limit_rows() < 0)) {
    return input->WithInputs({filter->WithInputs({input->input()})});
  }
  return node;
}

}  // namespace headrace::plan
