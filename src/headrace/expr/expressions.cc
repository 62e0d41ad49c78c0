// SPDX-License-Identifier: Apache-2.0
#include "headrace/expressions.h"

#include <arrow/buffer.h>
#include <arrow/compute/api_scalar.h>

#include <algorithm>

#include "headrace/block/compute_functions.h"
#include "headrace/expr/expression_text.h"

namespace headrace {
namespace {

namespace cp = arrow::compute;

Expr CallBinary(const char* function, const Expr& left, const Expr& right) {
  return Expr(cp::call(function, {left.arrow(), right.arrow()}));
}

}  // namespace

Expr::Expr(cp::Expression expression) : expression_(std::move(expression)) {}

std::string Expr::ToString() const { return expr::ToText(expression_); }

std::vector<std::string> Expr::Columns() const {
  std::vector<std::string> names;
  if (!valid()) return names;
  for (const arrow::FieldRef& ref : cp::FieldsInExpression(expression_)) {
    std::string name = expr::ColumnOf(ref);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      names.push_back(std::move(name));
    }
  }
  return names;
}

std::string Expr::ColumnName() const {
  if (!valid()) return {};
  const arrow::FieldRef* ref = expression_.field_ref();
  return ref != nullptr && ref->IsName() ? *ref->name() : std::string();
}

arrow::Result<std::string> Expr::Serialize() const {
  if (!valid()) return arrow::Status::Invalid("Cannot serialize an empty expression");
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> buffer, cp::Serialize(expression_));
  return buffer->ToString();
}

arrow::Result<Expr> Expr::Deserialize(std::string_view bytes) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  // The expression may keep pointing into the buffer, so it owns a copy.
  ARROW_ASSIGN_OR_RAISE(cp::Expression expression,
                        cp::Deserialize(arrow::Buffer::FromString(std::string(bytes))));
  return Expr(std::move(expression));
}

Expr Col(std::string name) { return Expr(cp::field_ref(arrow::FieldRef(std::move(name)))); }
Expr Lit(std::shared_ptr<arrow::Scalar> value) {
  return Expr(cp::literal(arrow::Datum(std::move(value))));
}
Expr Lit(int64_t value) { return Expr(cp::literal(value)); }
Expr Lit(int value) { return Lit(static_cast<int64_t>(value)); }
Expr Lit(double value) { return Expr(cp::literal(value)); }
Expr Lit(bool value) { return Expr(cp::literal(value)); }
Expr Lit(const char* value) { return Expr(cp::literal(std::string(value))); }

Expr Call(std::string function, std::vector<Expr> arguments,
          std::shared_ptr<cp::FunctionOptions> options) {
  std::vector<cp::Expression> operands;
  operands.reserve(arguments.size());
  for (const Expr& argument : arguments) operands.push_back(argument.arrow());
  return Expr(cp::call(std::move(function), std::move(operands), std::move(options)));
}

Expr operator+(const Expr& left, const Expr& right) { return CallBinary("add", left, right); }
Expr operator-(const Expr& left, const Expr& right) { return CallBinary("subtract", left, right); }
Expr operator*(const Expr& left, const Expr& right) { return CallBinary("multiply", left, right); }
Expr operator/(const Expr& left, const Expr& right) { return CallBinary("divide", left, right); }
Expr operator==(const Expr& left, const Expr& right) { return CallBinary("equal", left, right); }
Expr operator!=(const Expr& left, const Expr& right) {
  return CallBinary("not_equal", left, right);
}
Expr operator<(const Expr& left, const Expr& right) { return CallBinary("less", left, right); }
Expr operator<=(const Expr& left, const Expr& right) {
  return CallBinary("less_equal", left, right);
}
Expr operator>(const Expr& left, const Expr& right) { return CallBinary("greater", left, right); }
Expr operator>=(const Expr& left, const Expr& right) {
  return CallBinary("greater_equal", left, right);
}
Expr operator&&(const Expr& left, const Expr& right) {
  return CallBinary("and_kleene", left, right);
}
Expr operator||(const Expr& left, const Expr& right) {
  return CallBinary("or_kleene", left, right);
}
Expr operator!(const Expr& operand) { return Expr(cp::call("invert", {operand.arrow()})); }
Expr operator-(const Expr& operand) { return Expr(cp::call("negate", {operand.arrow()})); }

}  // namespace headrace
