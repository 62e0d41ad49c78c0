// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/schema_of.h"

#include "headrace/block/schema.h"
#include "headrace/expr/projection.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::plan {
namespace {

using SchemaPtr = std::shared_ptr<arrow::Schema>;

Result<SchemaPtr> OfProject(const Project& node) {
  ARROW_ASSIGN_OR_RAISE(SchemaPtr input, SchemaOf(node.input()));
  if (input == nullptr) return nullptr;
  ARROW_ASSIGN_OR_RAISE(
      auto columns,
      expr::Resolve({node.exprs(), node.keep_rest(), node.dropped(), node.renamed()}, *input));
  arrow::FieldVector fields;
  for (const expr::NamedExpr& column : columns) {
    const std::string plain = column.expr.ColumnName();
    const int index = plain.empty() ? -1 : input->GetFieldIndex(plain);
    if (index >= 0) {
      fields.push_back(input->field(index)->WithName(column.name));
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto type, expr::TypeOf(column.expr, *input));
    fields.push_back(arrow::field(column.name, std::move(type)));
  }
  return arrow::schema(std::move(fields), input->metadata());
}

Result<SchemaPtr> OfUnion(const Union& node) {
  std::vector<SchemaPtr> schemas;
  for (const LogicalOperatorPtr& input : node.inputs()) {
    ARROW_ASSIGN_OR_RAISE(SchemaPtr schema, SchemaOf(input));
    if (schema == nullptr) return nullptr;
    schemas.push_back(std::move(schema));
  }
  return headrace::UnifySchemas(schemas);
}

}  // namespace

Result<SchemaPtr> SchemaOf(const LogicalOperatorPtr& root) {
  if (const auto* read = As<Read>(root)) return read->source()->Schema();
  if (const auto* data = As<InputData>(root)) return data->Schema();
  if (const auto* project = As<Project>(root)) return OfProject(*project);
  if (const auto* unite = As<Union>(root)) return OfUnion(*unite);
  if (As<Count>(root) != nullptr) {
    return arrow::schema({arrow::field("num_rows", arrow::int64())});
  }
  if (As<FilterExpr>(root) || As<Limit>(root) || As<Repartition>(root) ||
      As<StreamingRepartition>(root) || As<Sort>(root) || As<RandomShuffle>(root) ||
      As<RandomizeBlockOrder>(root) || As<HashRepartition>(root)) {
    return SchemaOf(root->input());
  }
  return nullptr;
}

}  // namespace headrace::plan
