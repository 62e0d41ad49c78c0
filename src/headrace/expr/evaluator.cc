// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/evaluator.h"

#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>

#include "headrace/expr/keep_rows.h"

namespace headrace::expr {
namespace {

bool SameSchema(const std::shared_ptr<arrow::Schema>& left,
                const std::shared_ptr<arrow::Schema>& right) {
  return left == right ||
         (left != nullptr && right != nullptr && left->Equals(*right, /*check_metadata=*/true));
}

}  // namespace

Result<Block> BlockFilter::Apply(const Block& block, arrow::MemoryPool* pool) {
  if (!bound_.has_value() || !SameSchema(bound_->schema(), block.schema())) {
    ARROW_ASSIGN_OR_RAISE(bound_, BoundExpr::Make(predicate_, block.schema()));
    if (bound_->type()->id() != arrow::Type::BOOL && bound_->type()->id() != arrow::Type::NA) {
      return Status::TypeError("A filter needs a boolean expression; ", predicate_.ToString(),
                               " is ", bound_->type()->ToString());
    }
  }
  ARROW_ASSIGN_OR_RAISE(arrow::Datum selection, bound_->Evaluate(block, pool));
  if (selection.is_scalar()) {
    const arrow::Scalar& scalar = *selection.scalar();
    const bool keep = scalar.is_valid && scalar.type->id() == arrow::Type::BOOL &&
                      static_cast<const arrow::BooleanScalar&>(scalar).value;
    return keep ? block : block.Slice(0, 0);
  }
  if (selection.type()->id() == arrow::Type::NA) return block.Slice(0, 0);
  const std::shared_ptr<arrow::Array> mask = selection.make_array();
  const int64_t num_kept = static_cast<const arrow::BooleanArray&>(*mask).true_count();
  if (num_kept == block.num_rows()) return block;
  if (num_kept == 0) return block.Slice(0, 0);
  if (block.num_columns() == 0) {
    return Block(arrow::RecordBatch::Make(block.schema(), num_kept, arrow::ArrayVector{}));
  }
  return KeepRows(block, static_cast<const arrow::BooleanArray&>(*mask), num_kept, pool);
}

Status BlockProjector::BindTo(const std::shared_ptr<arrow::Schema>& schema) {
  ARROW_ASSIGN_OR_RAISE(std::vector<NamedExpr> exprs, Resolve(projection_, *schema));
  arrow::FieldVector fields;
  std::vector<Column> columns;
  for (const NamedExpr& named : exprs) {
    Column column;
    const std::string name = named.expr.ColumnName();
    column.index = name.empty() ? -1 : schema->GetFieldIndex(name);
    if (column.index >= 0) {
      fields.push_back(schema->field(column.index)->WithName(named.name));
    } else {
      ARROW_ASSIGN_OR_RAISE(column.bound, BoundExpr::Make(named.expr, schema));
      fields.push_back(arrow::field(named.name, column.bound->type()));
    }
    columns.push_back(std::move(column));
  }
  output_schema_ = arrow::schema(std::move(fields), schema->metadata());
  input_schema_ = schema;
  columns_ = std::move(columns);
  return Status::OK();
}

Result<Block> BlockProjector::Apply(const Block& block, arrow::MemoryPool* pool) {
  if (!SameSchema(input_schema_, block.schema())) ARROW_RETURN_NOT_OK(BindTo(block.schema()));
  arrow::ArrayVector arrays;
  arrays.reserve(columns_.size());
  for (const Column& column : columns_) {
    if (column.index >= 0) {
      arrays.push_back(block.batch()->column(column.index));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(arrow::Datum value, column.bound->Evaluate(block, pool));
    if (value.is_scalar()) {
      ARROW_ASSIGN_OR_RAISE(auto array,
                            arrow::MakeArrayFromScalar(*value.scalar(), block.num_rows(), pool));
      arrays.push_back(std::move(array));
    } else {
      arrays.push_back(value.make_array());
    }
  }
  return Block(arrow::RecordBatch::Make(output_schema_, block.num_rows(), std::move(arrays)));
}

}  // namespace headrace::expr
