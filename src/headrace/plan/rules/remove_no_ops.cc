// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/remove_no_ops.h"

#include <algorithm>

#include "headrace/plan/operators.h"
#include "headrace/plan/row_count_of.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

bool ChangesNothing(const Project& project) {
  return project.keep_rest() && project.dropped().empty() &&
         std::all_of(project.renamed().begin(), project.renamed().end(),
                     [](const auto& names) { return names.first == names.second; }) &&
         std::all_of(project.exprs().begin(), project.exprs().end(),
                     [](const auto& named) { return named.expr.ColumnName() == named.name; });
}

bool IsTrue(const Expr& predicate) {
  const arrow::Datum* literal = predicate.arrow().literal();
  if (literal == nullptr || !literal->is_scalar()) return false;
  const arrow::Scalar& scalar = *literal->scalar();
  return scalar.is_valid && scalar.type->id() == arrow::Type::BOOL &&
         static_cast<const arrow::BooleanScalar&>(scalar).value;
}

bool IsRandomOrder(const LogicalOperatorPtr& node) {
  return As<RandomShuffle>(node) || As<RandomizeBlockOrder>(node);
}

/// Rows come out as they came in, but for their order and their blocks.
bool KeepsRows(const LogicalOperatorPtr& node) {
  const auto* sort = As<Sort>(node);
  return As<Repartition>(node) || As<StreamingRepartition>(node) || As<HashRepartition>(node) ||
         IsRandomOrder(node) || (sort != nullptr && sort->limit_rows() < 0);
}

bool IsEmpty(const LogicalOperatorPtr& node) {
  const auto* data = As<InputData>(node);
  return data != nullptr && data->says_nothing();
}

Result<LogicalOperatorPtr> RewriteUnion(const LogicalOperatorPtr& node) {
  std::vector<LogicalOperatorPtr> inputs;
  bool changed = false;
  for (const LogicalOperatorPtr& input : node->inputs()) {
    if (As<Union>(input) != nullptr) {
      inputs.insert(inputs.end(), input->inputs().begin(), input->inputs().end());
      changed = true;
    } else if (IsEmpty(input)) {
      changed = true;
    } else {
      inputs.push_back(input);
    }
  }
  if (inputs.empty()) return std::make_shared<InputData>("Input", std::vector<Block>{});
  if (inputs.size() == 1) return inputs.front();
  return changed ? std::make_shared<Union>(std::move(inputs)) : node;
}

}  // namespace

Result<LogicalOperatorPtr> RemoveNoOps::Rewrite(LogicalOperatorPtr node) const {
  if (const auto* project = As<Project>(node)) {
    return ChangesNothing(*project) ? node->input() : node;
  }
  if (const auto* filter = As<FilterExpr>(node)) {
    return IsTrue(filter->predicate()) ? node->input() : node;
  }
  if (const auto* limit = As<Limit>(node)) {
    if (As<InputData>(node->input()) == nullptr) return node;
    ARROW_ASSIGN_OR_RAISE(const auto rows, RowCountOf(node->input()));
    return rows.has_value() && *rows <= limit->rows() ? node->input() : node;
  }
  if (As<Count>(node) != nullptr) {
    const LogicalOperatorPtr& input = node->input();
    return KeepsRows(input) ? node->WithInputs({input->input()}) : node;
  }
  // Rows in a random order are as random in a second one.
  if ((As<RandomShuffle>(node) || As<Sort>(node)) && IsRandomOrder(node->input())) {
    return node->WithInputs({node->input()->input()});
  }
  if (As<Union>(node) != nullptr) return RewriteUnion(node);
  return node;
}

}  // namespace headrace::plan
