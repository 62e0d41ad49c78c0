// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/evaluate.h"

#include <arrow/array/util.h>

#include <unordered_map>

#include "headrace/expr/bind.h"
#include "headrace/expr/bound_expr.h"
#include "headrace/expr/evaluator.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

bool IsAnd(const cp::Expression::Call& call) {
  return call.arguments.size() == 2 &&
         (call.function_name == "and_kleene" || call.function_name == "and");
}

void CollectConjuncts(const cp::Expression& expression, std::vector<Expr>* out) {
  const auto* call = expression.call();
  if (call == nullptr || !IsAnd(*call)) {
    out->emplace_back(expression);
    return;
  }
  for (const cp::Expression& argument : call->arguments) CollectConjuncts(argument, out);
}

using Replacements = std::unordered_map<std::string, const cp::Expression*>;

cp::Expression Replace(const cp::Expression& expression, const Replacements& replacements) {
  if (const arrow::FieldRef* ref = expression.field_ref()) {
    if (!ref->IsName()) return expression;
    const auto found = replacements.find(*ref->name());
    return found == replacements.end() ? expression : *found->second;
  }
  const auto* call = expression.call();
  if (call == nullptr) return expression;
  std::vector<cp::Expression> arguments;
  arguments.reserve(call->arguments.size());
  for (const cp::Expression& argument : call->arguments) {
    arguments.push_back(Replace(argument, replacements));
  }
  return cp::call(call->function_name, std::move(arguments), call->options);
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> Evaluate(const Expr& expr, const Block& block,
                                               arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(BoundExpr bound, BoundExpr::Make(expr, block.schema()));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum value, bound.Evaluate(block, pool));
  if (value.is_scalar()) {
    return arrow::MakeArrayFromScalar(*value.scalar(), block.num_rows(), pool);
  }
  return value.make_array();
}

Result<Block> Filter(const Expr& predicate, const Block& block, arrow::MemoryPool* pool) {
  return BlockFilter(predicate).Apply(block, pool);
}

Result<Block> Project(const std::vector<NamedExpr>& exprs, const Block& block,
                      arrow::MemoryPool* pool) {
  return BlockProjector(Projection{.exprs = exprs}).Apply(block, pool);
}

Result<std::shared_ptr<arrow::DataType>> TypeOf(const Expr& expr, const arrow::Schema& schema) {
  const std::string column = expr.ColumnName();
  if (const int index = column.empty() ? -1 : schema.GetFieldIndex(column); index >= 0) {
    return schema.field(index)->type();
  }
  ARROW_ASSIGN_OR_RAISE(cp::Expression bound, Bind(expr, schema));
  return bound.type()->GetSharedPtr();
}

std::vector<Expr> SplitConjunction(const Expr& predicate) {
  std::vector<Expr> conjuncts;
  if (predicate.valid()) CollectConjuncts(predicate.arrow(), &conjuncts);
  return conjuncts;
}

Expr JoinConjunction(const std::vector<Expr>& conjuncts) {
  Expr joined;
  for (const Expr& conjunct : conjuncts) joined = joined.valid() ? joined && conjunct : conjunct;
  return joined;
}

Expr Substitute(const Expr& expr, const std::vector<NamedExpr>& exprs) {
  if (!expr.valid()) return expr;
  Replacements replacements;
  for (const NamedExpr& named : exprs) replacements[named.name] = &named.expr.arrow();
  return Expr(Replace(expr.arrow(), replacements));
}

bool CanMatch(const Expr& predicate, const arrow::Schema& schema, const Expr& guarantee) {
  // Statistics only ever spare work: whatever cannot be decided may match.
  if (!predicate.valid() || !guarantee.valid()) return true;
  const Result<cp::Expression> bound = Bind(predicate, schema);
  if (!bound.ok()) return true;
  const Result<cp::Expression> simplified = cp::SimplifyWithGuarantee(*bound, guarantee.arrow());
  return !simplified.ok() || simplified->IsSatisfiable();
}

}  // namespace headrace::expr
