// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/bound_expr.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>

#include "headrace/expr/bind.h"

namespace headrace::expr {
namespace {

namespace cp = arrow::compute;

std::string PartName(size_t index) { return std::string("\x01part") + std::to_string(index); }

cp::ExecContext MakeContext(arrow::MemoryPool* pool) {
  cp::ExecContext context(pool);
  context.set_use_threads(false);  // a task has its own CPU slots
  return context;
}

Result<std::shared_ptr<arrow::Array>> AsArray(const arrow::Datum& datum, int64_t length,
                                              arrow::MemoryPool* pool) {
  if (datum.is_scalar()) return arrow::MakeArrayFromScalar(*datum.scalar(), length, pool);
  return datum.make_array();
}

// The dictionary column that is all `expression` reads, or -1.
int OnlyDictionaryColumn(const cp::Expression& expression, const arrow::Schema& schema) {
  int column = -1;
  for (const arrow::FieldRef& ref : cp::FieldsInExpression(expression)) {
    if (!ref.IsName()) return -1;
    const int index = schema.GetFieldIndex(*ref.name());
    if (index < 0 || (column >= 0 && index != column)) return -1;
    column = index;
  }
  if (column < 0 || schema.field(column)->type()->id() != arrow::Type::DICTIONARY) return -1;
  return column;
}

// A function without arguments (random) gives each row its own value, which a dictionary entry
// cannot.
bool HasCallWithoutArguments(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return false;
  return call->arguments.empty() ||
         std::any_of(call->arguments.begin(), call->arguments.end(), HasCallWithoutArguments);
}

}  // namespace

Result<cp::Expression> BoundExpr::Extract(const cp::Expression& expression) {
  const auto* call = expression.call();
  if (call == nullptr) return expression;
  const int column = OnlyDictionaryColumn(expression, *schema_);
  if (column >= 0 && !HasCallWithoutArguments(expression)) {
    const auto& field = schema_->field(column);
    const auto& type = static_cast<const arrow::DictionaryType&>(*field->type());
    const auto values = arrow::schema({field->WithType(type.value_type())});
    ARROW_ASSIGN_OR_RAISE(cp::Expression bound, Bind(Expr(expression), *values));
    auto result_type = bound.type()->GetSharedPtr();
    parts_.push_back({column, std::move(bound), std::move(result_type)});
    return cp::field_ref(arrow::FieldRef(PartName(parts_.size() - 1)));
  }
  std::vector<cp::Expression> arguments;
  arguments.reserve(call->arguments.size());
  for (const cp::Expression& argument : call->arguments) {
    ARROW_ASSIGN_OR_RAISE(cp::Expression extracted, Extract(argument));
    arguments.push_back(std::move(extracted));
  }
  return cp::call(call->function_name, std::move(arguments), call->options);
}

Result<BoundExpr> BoundExpr::Make(const Expr& expr, std::shared_ptr<arrow::Schema> schema) {
  if (!expr.valid()) return Status::Invalid("Cannot evaluate an empty expression");
  ARROW_RETURN_NOT_OK(CheckColumns(expr, *schema));
  BoundExpr bound;
  bound.source_ = expr;
  bound.schema_ = std::move(schema);
  const auto& fields = bound.schema_->fields();
  const bool has_dictionary = std::any_of(fields.begin(), fields.end(), [](const auto& field) {
    return field->type()->id() == arrow::Type::DICTIONARY;
  });
  if (!has_dictionary) {
    ARROW_ASSIGN_OR_RAISE(bound.bound_, Bind(expr, *bound.schema_));
    return bound;
  }
  ARROW_ASSIGN_OR_RAISE(cp::Expression main, bound.Extract(expr.arrow()));
  arrow::FieldVector all = fields;
  for (size_t i = 0; i < bound.parts_.size(); ++i) {
    all.push_back(arrow::field(PartName(i), bound.parts_[i].result_type));
  }
  ARROW_ASSIGN_OR_RAISE(bound.bound_, Bind(Expr(std::move(main)), *arrow::schema(std::move(all))));
  return bound;
}

std::shared_ptr<arrow::DataType> BoundExpr::type() const { return bound_.type()->GetSharedPtr(); }

Result<std::shared_ptr<arrow::Array>> BoundExpr::EvaluatePart(const DictionaryPart& part,
                                                              const arrow::Array& column,
                                                              arrow::MemoryPool* pool) const {
  cp::ExecContext context = MakeContext(pool);
  const auto& dictionary = static_cast<const arrow::DictionaryArray&>(column);
  const auto& indices = dictionary.indices();
  const cp::TakeOptions trusted = cp::TakeOptions::NoBoundsCheck();
  // A dictionary larger than the block costs more to evaluate than the rows' values do.
  if (dictionary.dictionary()->length() > column.length()) {
    ARROW_ASSIGN_OR_RAISE(arrow::Datum values,
                          cp::Take(dictionary.dictionary(), indices, trusted, &context));
    ARROW_ASSIGN_OR_RAISE(
        arrow::Datum result,
        cp::ExecuteScalarExpression(part.over_values,
                                    cp::ExecBatch({std::move(values)}, column.length()), &context));
    return AsArray(result, column.length(), pool);
  }
  const int64_t num_values = dictionary.dictionary()->length();
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum by_value,
      cp::ExecuteScalarExpression(part.over_values,
                                  cp::ExecBatch({dictionary.dictionary()}, num_values), &context));
  ARROW_ASSIGN_OR_RAISE(auto by_value_array, AsArray(by_value, num_values, pool));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum by_row, cp::Take(by_value_array, indices, trusted, &context));
  if (indices->null_count() == 0) return by_row.make_array();
  // Rows without an index: most functions give null for null, which Take did; the others (is_null,
  // is_in) are asked.
  ARROW_ASSIGN_OR_RAISE(auto null_value,
                        arrow::MakeArrayOfNull(dictionary.dictionary()->type(), 1, pool));
  ARROW_ASSIGN_OR_RAISE(
      arrow::Datum of_null,
      cp::ExecuteScalarExpression(part.over_values, cp::ExecBatch({null_value}, 1), &context));
  ARROW_ASSIGN_OR_RAISE(auto of_null_array, AsArray(of_null, 1, pool));
  if (of_null_array->IsNull(0)) return by_row.make_array();
  ARROW_ASSIGN_OR_RAISE(auto fill, of_null_array->GetScalar(0));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum has_index, cp::IsValid(indices, &context));
  ARROW_ASSIGN_OR_RAISE(arrow::Datum filled, cp::IfElse(has_index, by_row, fill, &context));
  return filled.make_array();
}

Result<arrow::Datum> BoundExpr::Evaluate(const Block& block, arrow::MemoryPool* pool) const {
  const arrow::RecordBatch& batch = *block.batch();
  std::vector<arrow::Datum> values;
  values.reserve(batch.num_columns() + parts_.size());
  for (const auto& column : batch.column_data()) values.emplace_back(column);
  for (const DictionaryPart& part : parts_) {
    ARROW_ASSIGN_OR_RAISE(auto value, EvaluatePart(part, *batch.column(part.column), pool));
    values.emplace_back(std::move(value));
  }
  cp::ExecContext context = MakeContext(pool);
  Result<arrow::Datum> result = cp::ExecuteScalarExpression(
      bound_, cp::ExecBatch(std::move(values), batch.num_rows()), &context);
  if (!result.ok()) {
    return result.status().WithMessage("Cannot evaluate ", source_.ToString(), ": ",
                                       result.status().message());
  }
  return result;
}

}  // namespace headrace::expr
