// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/sample_columns.h"

#include <arrow/array/util.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>

#include <algorithm>

#include "headrace/block/tensor.h"
#include "headrace/datasource/json_values.h"

namespace headrace::datasource {
namespace {

bool IsTensor(SampleKind kind) { return kind == SampleKind::kImage || kind == SampleKind::kNpy; }

}  // namespace

SampleKind SampleKindOf(std::string_view suffix) {
  const std::string_view end = suffix.substr(suffix.rfind('.') + 1);  // npos + 1 is 0
  if (end == "txt" || end == "text") return SampleKind::kText;
  if (end == "cls" || end == "cls2") return SampleKind::kInteger;
  if (end == "jpg" || end == "png") return SampleKind::kImage;
  if (end == "npy") return SampleKind::kNpy;
  if (end == "json") return SampleKind::kJson;
  return SampleKind::kBytes;
}

bool SampleColumns::Accepts(const std::vector<std::pair<std::string, SampleValue>>& values) const {
  for (const auto& [suffix, value] : values) {
    const auto found = by_suffix_.find(suffix);
    if (found == by_suffix_.end() || !IsTensor(value.kind)) continue;
    const SampleValue& first = columns_[found->second].values.front();
    if (first.shape.size() != value.shape.size() || !first.element->Equals(*value.element)) {
      return false;
    }
  }
  return true;
}

void SampleColumns::Add(std::string key, std::vector<std::pair<std::string, SampleValue>> values) {
  const int64_t row = num_rows();
  size_bytes_ += static_cast<int64_t>(key.size() + url_.size());
  keys_.push_back(std::move(key));
  for (auto& [suffix, value] : values) {
    const auto [found, is_new] = by_suffix_.try_emplace(suffix, columns_.size());
    if (is_new) columns_.push_back({.suffix = suffix, .kind = value.kind});
    Column& column = columns_[found->second];
    size_bytes_ += static_cast<int64_t>(value.bytes.size() + sizeof(int64_t));
    column.rows.push_back(row);
    column.values.push_back(std::move(value));
  }
}

/// `values` in their rows, null in the others.
Result<std::shared_ptr<arrow::Array>> SampleColumns::Spread(
    const std::shared_ptr<arrow::Array>& values, const std::vector<int64_t>& rows) const {
  if (static_cast<int64_t>(rows.size()) == num_rows()) return values;
  arrow::Int64Builder indices(pool_);
  size_t next = 0;
  for (int64_t row = 0; row < num_rows(); ++row) {
    if (next < rows.size() && rows[next] == row) {
      ARROW_RETURN_NOT_OK(indices.Append(static_cast<int64_t>(next++)));
    } else {
      ARROW_RETURN_NOT_OK(indices.AppendNull());
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto taken, indices.Finish());
  arrow::compute::ExecContext context(pool_);
  return arrow::compute::Take(*values, *taken, arrow::compute::TakeOptions::NoBoundsCheck(),
                              &context);
}

Result<std::shared_ptr<arrow::Array>> SampleColumns::BuildTensors(Column* column) const {
  const auto element = column->values.front().element;
  int64_t bytes = 0;
  std::vector<std::vector<int64_t>> shapes;
  for (SampleValue& value : column->values) {
    bytes += static_cast<int64_t>(value.bytes.size());
    shapes.push_back(std::move(value.shape));
  }
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> data, arrow::AllocateBuffer(bytes, pool_));
  uint8_t* to = data->mutable_data();
  for (SampleValue& value : column->values) {
    to = std::copy(value.bytes.begin(), value.bytes.end(), to);
    value.bytes = {};  // not held twice
  }
  const auto values = arrow::MakeArray(arrow::ArrayData::Make(
      element, bytes / element->byte_width(), {nullptr, std::move(data)}, /*null_count=*/0));
  if (shapes.front().empty()) return values;  // npy files of one number each
  const bool alike = std::all_of(shapes.begin(), shapes.end(),
                                 [&](const auto& shape) { return shape == shapes.front(); });
  if (alike) return MakeFixedShapeTensorArray(values, shapes.front());
  return MakeVariableShapeTensorArray(values, shapes);
}

Result<std::shared_ptr<arrow::Array>> SampleColumns::BuildJson(const Column& column) const {
  std::vector<std::string_view> texts;
  for (const SampleValue& value : column.values) texts.push_back(value.bytes);
  size_t failed = 0;
  auto parsed = ParseJsonValues(texts, &failed, pool_);
  if (parsed.ok()) return parsed;
  const std::string where = failed < texts.size()
                                ? "'" + keys_[column.rows[failed]] + "." + column.suffix + "'"
                                : "column '" + column.suffix + "'";
  return WithPrefix(parsed.status(), where + ": ");
}

Result<std::shared_ptr<arrow::Array>> SampleColumns::Build(Column* column) const {
  switch (column->kind) {
    case SampleKind::kImage:
    case SampleKind::kNpy:
      return BuildTensors(column);
    case SampleKind::kJson:
      return BuildJson(*column);
    case SampleKind::kInteger: {
      arrow::Int64Builder builder(pool_);
      for (const SampleValue& value : column->values) {
        ARROW_RETURN_NOT_OK(builder.Append(value.integer));
      }
      return builder.Finish();
    }
    case SampleKind::kText: {
      arrow::StringBuilder builder(pool_);
      for (const SampleValue& value : column->values) {
        ARROW_RETURN_NOT_OK(builder.Append(value.bytes));
      }
      return builder.Finish();
    }
    case SampleKind::kBytes:
      break;
  }
  arrow::BinaryBuilder builder(pool_);
  for (const SampleValue& value : column->values) {
    ARROW_RETURN_NOT_OK(builder.Append(value.bytes));
  }
  return builder.Finish();
}

Result<Block> SampleColumns::Finish() {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  const auto add = [&](const std::string& name, std::shared_ptr<arrow::Array> array) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(std::move(array));
  };
  arrow::StringBuilder keys(pool_);
  for (const std::string& key : keys_) ARROW_RETURN_NOT_OK(keys.Append(key));
  ARROW_ASSIGN_OR_RAISE(auto key_column, keys.Finish());
  add("__key__", std::move(key_column));
  for (Column& column : columns_) {
    ARROW_ASSIGN_OR_RAISE(const auto values, Build(&column));
    ARROW_ASSIGN_OR_RAISE(auto spread, Spread(values, column.rows));
    add(column.suffix, spread);
    if (!expand_json_ || column.suffix != "json" || spread->type_id() != arrow::Type::STRUCT) {
      continue;
    }
    const auto& object = static_cast<const arrow::StructArray&>(*spread);
    for (int i = 0; i < object.num_fields(); ++i) {
      const std::string& name = object.struct_type()->field(i)->name();
      if (by_suffix_.contains(name)) {
        return Status::Invalid("expand_json: '", name, "' is a key of the JSON and a suffix");
      }
      ARROW_ASSIGN_OR_RAISE(auto flat, object.GetFlattenedField(i, pool_));
      add(name, std::move(flat));
    }
  }
  ARROW_ASSIGN_OR_RAISE(auto urls,
                        arrow::MakeArrayFromScalar(arrow::StringScalar(url_), num_rows(), pool_));
  add("__url__", std::move(urls));
  Block block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), num_rows(), std::move(arrays)));
  keys_.clear();
  columns_.clear();
  by_suffix_.clear();
  size_bytes_ = 0;
  return block;
}

}  // namespace headrace::datasource
