// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/expression_text.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>

#include <charconv>
#include <unordered_map>

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

constexpr size_t kMaxLiteralLength = 20;  // as Ray's inline representation

const std::unordered_map<std::string, const char*>& BinaryOperators() {
  static const std::unordered_map<std::string, const char*> operators = {
      {"add", "+"},        {"add_checked", "+"},
      {"subtract", "-"},   {"subtract_checked", "-"},
      {"multiply", "*"},   {"multiply_checked", "*"},
      {"divide", "/"},     {"divide_checked", "/"},
      {"equal", "=="},     {"not_equal", "!="},
      {"less", "<"},       {"less_equal", "<="},
      {"greater", ">"},    {"greater_equal", ">="},
      {"and_kleene", "&"}, {"and", "&"},
      {"or_kleene", "|"},  {"or", "|"},
      {"modulo", "%"},
  };
  return operators;
}

std::string Quoted(std::string_view text) {
  const char quote = text.find('\'') != text.npos && text.find('"') == text.npos ? '"' : '\'';
  std::string out(1, quote);
  for (const char c : text) {
    if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else {
      if (c == quote || c == '\\') out += '\\';
      out += c;
    }
  }
  return out + quote;
}

std::string FloatText(double value) {
  if (value != value) return "nan";
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  std::string text(buffer, end);
  if (text.find_first_of(".enai") == text.npos) text += ".0";
  return text;
}

std::string ScalarText(const arrow::Scalar& scalar) {
  if (!scalar.is_valid) return "None";
  switch (scalar.type->id()) {
    case arrow::Type::BOOL:
      return static_cast<const arrow::BooleanScalar&>(scalar).value ? "True" : "False";
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
      return Quoted(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
      return "b" + Quoted(static_cast<const arrow::BaseBinaryScalar&>(scalar).view());
    case arrow::Type::DOUBLE:
      return FloatText(static_cast<const arrow::DoubleScalar&>(scalar).value);
    case arrow::Type::FLOAT:
      return FloatText(static_cast<const arrow::FloatScalar&>(scalar).value);
    default:
      return scalar.ToString();
  }
}

std::string ValueSetText(const arrow::Datum& values) {
  std::shared_ptr<arrow::Array> array;
  if (values.is_array()) array = values.make_array();
  if (array == nullptr) return values.ToString();
  std::string out = "[";
  for (int64_t i = 0; i < array->length(); ++i) {
    if (i > 0) out += ", ";
    const auto scalar = array->GetScalar(i);
    out += scalar.ok() ? ScalarText(**scalar) : "?";
  }
  return out + "]";
}

bool IsBinaryOperator(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return false;
  return call->function_name == "is_in" ||
         (call->arguments.size() == 2 && BinaryOperators().count(call->function_name) > 0);
}

std::string Operand(const cp::Expression& expression) {
  return IsBinaryOperator(expression) ? "(" + ToText(expression) + ")" : ToText(expression);
}

std::string CallText(const cp::Expression::Call& call) {
  const auto& arguments = call.arguments;
  if (arguments.size() == 2) {
    const auto found = BinaryOperators().find(call.function_name);
    if (found != BinaryOperators().end()) {
      return Operand(arguments[0]) + " " + found->second + " " + Operand(arguments[1]);
    }
  }
  if (arguments.size() == 1) {
    if (call.function_name == "invert") return "~" + Operand(arguments[0]);
    if (call.function_name == "negate") return "-" + Operand(arguments[0]);
    if (call.function_name == "is_null") return Operand(arguments[0]) + ".is_null()";
    if (call.function_name == "is_valid") return Operand(arguments[0]) + ".is_not_null()";
    if (call.function_name == "is_in" && call.options != nullptr) {
      const auto& options = static_cast<const cp::SetLookupOptions&>(*call.options);
      return Operand(arguments[0]) + " in " + ValueSetText(options.value_set);
    }
    if (call.function_name == "cast" && call.options != nullptr) {
      const auto& options = static_cast<const cp::CastOptions&>(*call.options);
      return Operand(arguments[0]) + ".cast(" + options.to_type.ToString() + ")";
    }
  }
  std::string out = call.function_name + "(";
  for (size_t i = 0; i < arguments.size(); ++i) {
    if (i > 0) out += ", ";
    out += ToText(arguments[i]);
  }
  return out + ")";
}

}  // namespace

std::string ToText(const cp::Expression& expression) {
  if (!expression.is_valid()) return {};
  if (const arrow::Datum* literal = expression.literal()) {
    std::string text = literal->is_scalar() ? ScalarText(*literal->scalar()) : literal->ToString();
    if (text.size() > kMaxLiteralLength) {
      text.resize(kMaxLiteralLength - 3);
      text.append("...");
    }
    return text;
  }
  if (const arrow::FieldRef* ref = expression.field_ref()) {
    std::string name = ref->IsName() ? *ref->name() : ref->ToDotPath();
    return "col(" + Quoted(name) + ")";
  }
  return CallText(*expression.call());
}

std::string ColumnOf(const arrow::FieldRef& ref) {
  if (ref.IsName()) return *ref.name();
  if (ref.IsNested() && ref.nested_refs()->front().IsName()) {
    return *ref.nested_refs()->front().name();
  }
  return ref.ToDotPath();
}

}  // namespace headrace::expr
