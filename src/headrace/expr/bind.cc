// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/bind.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>

#include "headrace/block/compute_functions.h"
#include "headrace/expr/expression_text.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

bool IsText(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return IsText(*static_cast<const arrow::DictionaryType&>(type).value_type());
  }
  return arrow::is_string(type.id());
}

cp::Expression CastTo(cp::Expression operand, std::shared_ptr<arrow::DataType> type) {
  return cp::call("cast", {std::move(operand)}, cp::CastOptions::Unsafe(std::move(type)));
}

Result<std::vector<std::shared_ptr<arrow::DataType>>> ArgumentTypes(
    const std::vector<cp::Expression>& arguments, const arrow::Schema& schema) {
  std::vector<std::shared_ptr<arrow::DataType>> types;
  for (const cp::Expression& argument : arguments) {
    ARROW_ASSIGN_OR_RAISE(cp::Expression bound, argument.Bind(schema));
    types.push_back(bound.type()->GetSharedPtr());
  }
  return types;
}

bool AllIntegers(const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  return std::all_of(types.begin(), types.end(),
                     [](const auto& type) { return arrow::is_integer(type->id()); });
}

bool IsArithmetic(const std::string& function) {
  return function == "add" || function == "subtract" || function == "multiply";
}

// Arrow fits integer literals into the type of the column, where int8 + 200 or int32 * 1000000
// would wrap around. Literals are int64, as in an eager call of the function: so is the result.
void WidenToLiteral(const std::vector<std::shared_ptr<arrow::DataType>>& types,
                    std::vector<cp::Expression>* arguments) {
  for (int literal = 0; literal < 2; ++literal) {
    const int other = 1 - literal;
    if ((*arguments)[literal].literal() != nullptr && (*arguments)[other].literal() == nullptr &&
        types[literal]->id() == arrow::Type::INT64 && types[other]->bit_width() < 64) {
      (*arguments)[other] = CastTo(std::move((*arguments)[other]), arrow::int64());
    }
  }
}

// True for a division that RewriteForTypes has made one of doubles.
bool IsIntegerDivision(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr || call->function_name != "divide") return false;
  const auto* left = call->arguments[0].call();
  return left != nullptr && left->function_name == "cast";
}

// The cost of binding operands again at each of these nodes is paid once per schema.
Result<cp::Expression> RewriteForTypes(const cp::Expression& expression,
                                       const arrow::Schema& schema) {
  const auto* call = expression.call();
  if (call == nullptr) return expression;
  std::vector<cp::Expression> arguments;
  arguments.reserve(call->arguments.size());
  bool changed = false;
  for (const cp::Expression& argument : call->arguments) {
    ARROW_ASSIGN_OR_RAISE(cp::Expression rewritten, RewriteForTypes(argument, schema));
    changed |= !cp::Expression::Identical(rewritten, argument);
    arguments.push_back(std::move(rewritten));
  }
  const std::string& function = call->function_name;
  if (function == "divide" && arguments.size() == 2) {
    ARROW_ASSIGN_OR_RAISE(auto types, ArgumentTypes(arguments, schema));
    if (AllIntegers(types)) {
      return cp::call("divide", {CastTo(std::move(arguments[0]), arrow::float64()),
                                 CastTo(std::move(arguments[1]), arrow::float64())});
    }
  } else if (function == "floor" && arguments.size() == 1 && changed &&
             IsIntegerDivision(arguments[0])) {
    return CastTo(cp::call("floor", std::move(arguments), call->options), arrow::int64());
  } else if (IsArithmetic(function) && arguments.size() == 2) {
    ARROW_ASSIGN_OR_RAISE(auto types, ArgumentTypes(arguments, schema));
    if (AllIntegers(types)) {
      WidenToLiteral(types, &arguments);
      return cp::call(function, std::move(arguments), call->options);
    }
    if (function == "add" && IsText(*types[0]) && IsText(*types[1])) {
      arguments.push_back(cp::literal(std::string()));  // nothing between the two
      return cp::call("binary_join_element_wise", std::move(arguments),
                      cp::JoinOptions(cp::JoinOptions::EMIT_NULL));
    }
  }
  return changed ? cp::call(function, std::move(arguments), call->options) : expression;
}

Status AsTypeError(const Expr& expr, const Status& status) {
  return Status::TypeError("Cannot evaluate ", expr.ToString(), ": ", status.message());
}

}  // namespace

Status CheckColumns(const Expr& expr, const arrow::Schema& schema) {
  for (const std::string& name : expr.Columns()) {
    if (!schema.GetAllFieldIndices(name).empty()) continue;
    std::string there;
    for (const auto& field : schema.fields()) {
      if (!there.empty()) there += ", ";
      there += "'" + field->name() + "'";
    }
    return Status::KeyError("Column '", name, "' of ", expr.ToString(),
                            " does not exist; there are: ", there);
  }
  return Status::OK();
}

Result<cp::Expression> Bind(const Expr& expr, const arrow::Schema& schema) {
  if (!expr.valid()) return Status::Invalid("Cannot evaluate an empty expression");
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  ARROW_RETURN_NOT_OK(CheckColumns(expr, schema));
  Result<cp::Expression> rewritten = RewriteForTypes(expr.arrow(), schema);
  if (!rewritten.ok()) return AsTypeError(expr, rewritten.status());
  Result<cp::Expression> bound = rewritten->Bind(schema);
  if (!bound.ok()) return AsTypeError(expr, bound.status());
  if (!bound->IsScalarExpression()) {
    return Status::TypeError("Cannot evaluate ", expr.ToString(),
                             " row by row: it calls a function of whole columns");
  }
  return bound;
}

}  // namespace headrace::expr
