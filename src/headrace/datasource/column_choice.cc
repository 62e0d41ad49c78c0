// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/column_choice.h"

#include <algorithm>

namespace headrace::datasource {

bool CanChooseColumns(const FileReadOptions& files, const std::vector<std::string>& columns) {
  return !columns.empty() && !files.include_paths &&
         files.partitioning.style == Partitioning::Style::kNone;
}

Result<std::vector<int>> FieldIndices(const arrow::Schema& schema,
                                      const std::vector<std::string>& columns) {
  std::vector<int> indices;
  for (const std::string& name : columns) {
    const int index = schema.GetFieldIndex(name);
    if (index < 0) {
      return Status::KeyError("no column '", name,
                              "'; there are: ", schema.ToString(/*show_metadata=*/false));
    }
    indices.push_back(index);
  }
  std::sort(indices.begin(), indices.end());
  return indices;
}

Result<std::shared_ptr<arrow::Schema>> ChosenSchema(const arrow::Schema& schema,
                                                    const ColumnChoice& choice) {
  if (!choice) return schema.RemoveMetadata();
  ARROW_RETURN_NOT_OK(FieldIndices(schema, *choice).status());
  arrow::FieldVector fields;
  for (const std::string& name : *choice) fields.push_back(schema.GetFieldByName(name));
  return arrow::schema(std::move(fields));
}

Result<std::shared_ptr<arrow::RecordBatch>> SelectInOrder(const arrow::RecordBatch& batch,
                                                          const std::vector<std::string>& columns) {
  std::vector<int> indices;
  for (const std::string& name : columns) indices.push_back(batch.schema()->GetFieldIndex(name));
  return batch.SelectColumns(indices);
}

void WriteColumns(const ColumnChoice& choice, WireWriter* out) {
  out->Bool(choice.has_value());
  out->Strs(choice.value_or(std::vector<std::string>{}));
}

ColumnChoice ReadColumns(WireReader* in) {
  const bool chosen = in->Bool();
  auto columns = in->Strs();
  if (!chosen) return std::nullopt;
  return columns;
}

}  // namespace headrace::datasource
