// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/feature_columns.h"

#include <arrow/builder.h>

namespace headrace::datasource {
namespace {

std::unique_ptr<arrow::ArrayBuilder> ValueBuilder(FeatureKind kind, arrow::MemoryPool* pool) {
  switch (kind) {
    case FeatureKind::kBytes:
      return std::make_unique<arrow::BinaryBuilder>(pool);
    case FeatureKind::kFloat:
      return std::make_unique<arrow::FloatBuilder>(pool);
    case FeatureKind::kInt64:
      return std::make_unique<arrow::Int64Builder>(pool);
    case FeatureKind::kNone:
      break;
  }
  return std::make_unique<arrow::NullBuilder>(pool);
}

/// Builds one column, a cell per record.
class CellBuilder {
 public:
  CellBuilder(const FeatureColumns::Column& column, arrow::MemoryPool* pool)
      : values_(ValueBuilder(column.kind, pool)) {
    if (column.is_list) list_ = std::make_unique<arrow::ListBuilder>(pool, values_);
  }

  /// `feature` nullptr: the record does not have it.
  Status Append(const FeatureView* feature) {
    if (list_ != nullptr) {
      if (feature == nullptr) return list_->AppendNull();
      ARROW_RETURN_NOT_OK(list_->Append());
      return AppendValues(*feature);
    }
    if (feature == nullptr || feature->num_values == 0) return values_->AppendNull();
    return AppendValues(*feature);
  }
  Result<std::shared_ptr<arrow::Array>> Finish() {
    return list_ != nullptr ? list_->Finish() : values_->Finish();
  }

 private:
  Status AppendValues(const FeatureView& feature) {
    Status status;
    switch (feature.kind) {
      case FeatureKind::kNone:
        break;
      case FeatureKind::kBytes: {
        auto& values = static_cast<arrow::BinaryBuilder&>(*values_);
        ForEachBytes(feature, [&](std::string_view value) { status &= values.Append(value); });
        break;
      }
      case FeatureKind::kFloat: {
        auto& values = static_cast<arrow::FloatBuilder&>(*values_);
        ARROW_RETURN_NOT_OK(values.Reserve(feature.num_values));
        ForEachFloat(feature, [&](float value) { values.UnsafeAppend(value); });
        break;
      }
      case FeatureKind::kInt64: {
        auto& values = static_cast<arrow::Int64Builder&>(*values_);
        ARROW_RETURN_NOT_OK(values.Reserve(feature.num_values));
        ForEachInt64(feature, [&](int64_t value) { values.UnsafeAppend(value); });
        break;
      }
    }
    return status;
  }

  std::shared_ptr<arrow::ArrayBuilder> values_;
  std::unique_ptr<arrow::ListBuilder> list_;
};

}  // namespace

FeatureColumns::FeatureColumns(const std::vector<TfFeature>& given) : is_given_(true) {
  for (const TfFeature& feature : given) {
    by_name_[feature.name] = columns_.size();
    columns_.push_back({feature.name, static_cast<FeatureKind>(feature.kind), /*is_list=*/true});
  }
}

Status FeatureColumns::Add(const std::vector<FeatureView>& features) {
  for (const FeatureView& feature : features) {
    const auto [found, is_new] = by_name_.try_emplace(std::string(feature.name), columns_.size());
    if (is_new) {
      if (is_given_) {
        return Status::Invalid("has the feature '", feature.name,
                               "', which tf_schema does not name");
      }
      columns_.push_back({std::string(feature.name)});
    }
    Column& column = columns_[found->second];
    column.is_list |= feature.num_values > 1;
    if (feature.kind == FeatureKind::kNone || feature.kind == column.kind) continue;
    if (column.kind != FeatureKind::kNone) {
      return Status::TypeError("has ", FeatureKindName(feature.kind), " values in the feature '",
                               feature.name, "', which is ", FeatureKindName(column.kind),
                               is_given_ ? " in tf_schema" : " in records before");
    }
    column.kind = feature.kind;
  }
  return Status::OK();
}

Result<Block> FeatureColumns::MakeBlock(const std::vector<std::string>& records,
                                        arrow::MemoryPool* pool) const {
  std::vector<CellBuilder> builders;
  builders.reserve(columns_.size());
  for (const Column& column : columns_) builders.emplace_back(column, pool);
  std::vector<FeatureView> features;
  std::vector<const FeatureView*> cells;
  for (const std::string& record : records) {
    ARROW_RETURN_NOT_OK(ParseExample(record, &features));
    cells.assign(columns_.size(), nullptr);
    for (const FeatureView& feature : features) {
      cells[by_name_.at(std::string(feature.name))] = &feature;
    }
    for (size_t i = 0; i < columns_.size(); ++i) {
      ARROW_RETURN_NOT_OK(builders[i].Append(cells[i]));
    }
  }
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < columns_.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto array, builders[i].Finish());
    fields.push_back(arrow::field(columns_[i].name, array->type()));
    arrays.push_back(std::move(array));
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                        static_cast<int64_t>(records.size()), std::move(arrays)));
}

}  // namespace headrace::datasource
