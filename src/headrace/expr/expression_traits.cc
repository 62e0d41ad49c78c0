// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/expression_traits.h"

#include <algorithm>

#include "headrace/expr/expression_text.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

bool Deterministic(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return true;
  return !call->arguments.empty() &&
         std::all_of(call->arguments.begin(), call->arguments.end(), Deterministic);
}

int References(const cp::Expression& expression, const std::string& name) {
  if (const arrow::FieldRef* ref = expression.field_ref()) return ColumnOf(*ref) == name ? 1 : 0;
  const auto* call = expression.call();
  if (call == nullptr) return 0;
  int count = 0;
  for (const cp::Expression& argument : call->arguments) count += References(argument, name);
  return count;
}

}  // namespace

bool IsDeterministic(const Expr& expr) { return !expr.valid() || Deterministic(expr.arrow()); }

int CountReferences(const Expr& expr, const std::string& name) {
  return expr.valid() ? References(expr.arrow(), name) : 0;
}

bool IsTrivial(const Expr& expr) { return expr.valid() && expr.arrow().call() == nullptr; }

bool ReadsInsideStruct(const Expr& expr) {
  if (!expr.valid()) return false;
  const auto refs = cp::FieldsInExpression(expr.arrow());
  return std::any_of(refs.begin(), refs.end(), [](const auto& ref) { return !ref.IsName(); });
}

}  // namespace headrace::expr
