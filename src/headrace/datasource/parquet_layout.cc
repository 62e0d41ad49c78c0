// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_layout.h"

#include "headrace/block/tensor.h"
#include "headrace/datasource/file_columns.h"

namespace headrace::datasource {
namespace {

Status UnknownColumn(const std::string& name, const arrow::Schema& schema) {
  std::string names;
  for (const auto& field : schema.fields()) {
    if (!names.empty()) names += ", ";
    names += field->name();
  }
  return Status::KeyError("no column '", name, "'; there are: ", names);
}

}  // namespace

Result<ParquetLayout> MakeParquetLayout(const ParquetReadOptions& options,
                                        std::shared_ptr<arrow::Schema> file_schema) {
  ParquetLayout layout;
  layout.file_schema = std::move(file_schema);
  arrow::FieldVector fields;
  for (const auto& field : layout.file_schema->fields()) {
    const auto tensor = options.tensor_columns.find(field->name());
    if (tensor == options.tensor_columns.end() || IsFixedShapeTensor(*field->type())) {
      fields.push_back(field);
      continue;
    }
    ARROW_ASSIGN_OR_RAISE(auto type, FixedShapeTensor(tensor->second.first, tensor->second.second));
    fields.push_back(field->WithType(std::move(type)));
  }
  for (const auto& [name, tensor] : options.tensor_columns) {
    if (layout.file_schema->GetFieldIndex(name) < 0) {
      return UnknownColumn(name, *layout.file_schema);
    }
  }
  if (!options.files.paths.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto columns,
                          FileColumnsOf(options.files, options.files.paths.front()));
    for (const FileColumn& column : columns) {
      if (layout.file_schema->GetFieldIndex(column.name) >= 0) continue;
      fields.push_back(arrow::field(column.name, column.value->type));
    }
  }
  if (options.include_row_hash) fields.push_back(arrow::field("row_hash", arrow::uint64()));
  layout.all = arrow::schema(std::move(fields));
  layout.output = layout.all;
  if (options.columns) {
    arrow::FieldVector chosen;
    for (const std::string& name : *options.columns) {
      auto field = layout.all->GetFieldByName(name);
      if (field == nullptr) return UnknownColumn(name, *layout.all);
      chosen.push_back(std::move(field));
    }
    layout.output = arrow::schema(std::move(chosen));
  }
  if (options.filter.valid()) {
    layout.filter_columns = options.filter.Columns();
    for (const std::string& name : layout.filter_columns) {
      if (layout.all->GetFieldIndex(name) < 0) return UnknownColumn(name, *layout.all);
    }
  }
  return layout;
}

}  // namespace headrace::datasource
