// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/bind.h"

#include <arrow/compute/api_scalar.h>
#include <arrow/compute/cast.h>

#include <algorithm>
#include <array>
#include <set>

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

// The type that `function` wants where a column has none, as in a block of which a Python function
// returned nothing but None; nullptr where Arrow takes a column without type as it is.
std::shared_ptr<arrow::DataType> TypeForUntyped(
    const cp::Expression::Call& call, const std::vector<std::shared_ptr<arrow::DataType>>& types) {
  const std::string& function = call.function_name;
  static const std::set<std::string, std::less<>> of_bools = {
      "invert", "and_kleene", "or_kleene", "and", "or", "xor", "and_not", "and_not_kleene"};
  if (of_bools.contains(function)) return arrow::boolean();
  if (function == "is_in" || function == "index_in") {
    const auto* options = dynamic_cast<const cp::SetLookupOptions*>(call.options.get());
    return options == nullptr ? nullptr : options->value_set.type();
  }
  static constexpr std::array<std::string_view, 12> kOfText = {
      "utf8_",     "ascii_",         "string_", "binary_",  "match_",  "starts_with",
      "ends_with", "find_substring", "count_",  "replace_", "extract", "split_pattern"};
  const bool of_text = std::any_of(kOfText.begin(), kOfText.end(), [&](std::string_view prefix) {
    return function.starts_with(prefix);
  });
  const bool joins_text =
      function == "add" &&
      std::any_of(types.begin(), types.end(), [](const auto& type) { return IsText(*type); });
  return of_text || joins_text ? arrow::utf8() : nullptr;
}

bool HasUntypedColumn(const arrow::Schema& schema) {
  return std::any_of(schema.fields().begin(), schema.fields().end(),
                     [](const auto& field) { return field->type()->id() == arrow::Type::NA; });
}

// Functions whose operands Arrow brings to one type before it computes.
bool HasOneOperandType(const std::string& function) {
  static constexpr std::array<std::string_view, 15> kFunctions = {"add",
                                                                  "subtract",
                                                                  "multiply",
                                                                  "divide",
                                                                  "power",
                                                                  "equal",
                                                                  "not_equal",
                                                                  "less",
                                                                  "less_equal",
                                                                  "greater",
                                                                  "greater_equal",
                                                                  "coalesce",
                                                                  "min_element_wise",
                                                                  "fill_null",
                                                                  "max_element_wise"};
  return std::find(kFunctions.begin(), kFunctions.end(), function) != kFunctions.end();
}

// Arrow narrows literals to float where their value fits, and integers that meet a float to float
// as well: int64 / 3.0 would lose half of its digits and int64 > 0.5 fail above 2^24. Here integers
// that meet a floating type, and floats that meet a double, become doubles.
bool WidenToDouble(const std::vector<std::shared_ptr<arrow::DataType>>& types,
                   std::vector<cp::Expression>* arguments) {
  const auto has = [&](arrow::Type::type id) {
    return std::any_of(types.begin(), types.end(),
                       [id](const auto& type) { return type->id() == id; });
  };
  const bool has_double = has(arrow::Type::DOUBLE);
  if (!has_double && !has(arrow::Type::FLOAT)) return false;
  bool changed = false;
  for (size_t i = 0; i < types.size(); ++i) {
    if (arrow::is_integer(types[i]->id()) || (has_double && types[i]->id() == arrow::Type::FLOAT)) {
      (*arguments)[i] = CastTo(std::move((*arguments)[i]), arrow::float64());
      changed = true;
    }
  }
  return changed;
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
  return std::all_of(call->arguments.begin(), call->arguments.end(), [](const auto& argument) {
    return argument.call() != nullptr && argument.call()->function_name == "cast";
  });
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
  if (HasUntypedColumn(schema)) {
    ARROW_ASSIGN_OR_RAISE(const auto types, ArgumentTypes(arguments, schema));
    if (const auto wanted = TypeForUntyped(*call, types)) {
      for (size_t i = 0; i < types.size(); ++i) {
        if (types[i]->id() != arrow::Type::NA) continue;
        arguments[i] = CastTo(std::move(arguments[i]), wanted);
        changed = true;
      }
    }
  }
  if (HasOneOperandType(function)) {
    ARROW_ASSIGN_OR_RAISE(const auto types, ArgumentTypes(arguments, schema));
    if (WidenToDouble(types, &arguments)) {
      return cp::call(function, std::move(arguments), call->options);
    }
  }
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
