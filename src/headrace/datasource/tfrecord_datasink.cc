// SPDX-License-Identifier: Apache-2.0
#include <arrow/array.h>
#include <arrow/compute/cast.h>
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/plain_columns.h"
#include "headrace/datasource/record_formats.h"
#include "headrace/datasource/tf_example.h"
#include "headrace/datasource/tfrecord_framing.h"

namespace headrace::datasource {
namespace {

// Rows that are turned into records before they are written.
constexpr int64_t kBytesAtOnce = 4 << 20;
constexpr size_t kKeptBytes = 32 << 20;

/// The kind of feature that holds values of `type`; kNone: there is none.
FeatureKind KindOf(const arrow::DataType& type) {
  if (arrow::is_binary_like(type.id()) || arrow::is_large_binary_like(type.id()) ||
      type.id() == arrow::Type::FIXED_SIZE_BINARY) {
    return FeatureKind::kBytes;
  }
  if (arrow::is_floating(type.id())) return FeatureKind::kFloat;
  if (arrow::is_integer(type.id()) || type.id() == arrow::Type::BOOL) return FeatureKind::kInt64;
  return FeatureKind::kNone;
}

std::shared_ptr<arrow::DataType> StoredType(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::kBytes:
      return arrow::binary();
    case FeatureKind::kFloat:
      return arrow::float32();
    default:
      return arrow::int64();
  }
}

/// One column, cast to what features hold.
struct FeatureColumn {
  std::string name;
  FeatureKind kind = FeatureKind::kNone;    // kNone: nulls only
  std::shared_ptr<arrow::Array> cells;      // values, or lists of them
  std::shared_ptr<arrow::Array> values;     // of all lists; else the cells
  const arrow::ListArray* lists = nullptr;  // the cells, if they are lists

  bool is_null(int64_t row) const { return cells->IsNull(row); }
  std::pair<int64_t, int64_t> Range(int64_t row) const {
    if (lists == nullptr) return {row, 1};
    return {lists->value_offset(row), lists->value_length(row)};
  }
};

Status CheckAgainst(const std::vector<TfFeature>& schema, const FeatureColumn& column) {
  const auto wanted = std::find_if(schema.begin(), schema.end(), [&](const TfFeature& feature) {
    return feature.name == column.name;
  });
  if (wanted == schema.end()) {
    return Status::Invalid("column '", column.name, "' is not in tf_schema");
  }
  const auto kind = static_cast<FeatureKind>(wanted->kind);
  if (column.kind == FeatureKind::kNone || column.kind == kind) return Status::OK();
  return Status::TypeError("column '", column.name, "' has ", FeatureKindName(column.kind),
                           " values and is ", FeatureKindName(kind), " in tf_schema");
}

Result<FeatureColumn> ToFeatureColumn(const std::string& name,
                                      const std::shared_ptr<arrow::Array>& array,
                                      arrow::MemoryPool* pool) {
  FeatureColumn column{.name = name, .cells = array, .values = array};
  if (array->type_id() == arrow::Type::NA) return column;
  const bool is_list =
      arrow::is_list_like(array->type_id()) && array->type_id() != arrow::Type::MAP;
  const arrow::DataType& value = is_list ? *array->type()->field(0)->type() : *array->type();
  column.kind = KindOf(value);
  if (column.kind == FeatureKind::kNone && !(is_list && value.id() == arrow::Type::NA)) {
    return Status::TypeError("column '", name, "' is ", array->type()->ToString(),
                             ", which tf.train.Example cannot hold; make it bytes, numbers or "
                             "lists of them");
  }
  auto stored = StoredType(column.kind);
  if (is_list) stored = arrow::list(std::move(stored));
  arrow::compute::ExecContext context(pool);
  auto cast =
      arrow::compute::Cast(*array, arrow::compute::CastOptions::Safe(std::move(stored)), &context);
  if (!cast.ok()) return WithPrefix(cast.status(), "column '" + name + "': ");
  column.cells = cast->make_array();
  column.values = column.cells;
  if (is_list) {
    column.lists = static_cast<const arrow::ListArray*>(column.cells.get());
    column.values = column.lists->values();
    if (column.values->null_count() > 0) {
      return Status::Invalid("column '", name,
                             "' has nulls within lists, which tf.train.Example cannot hold");
    }
  }
  return column;
}

class TfrecordEncoder final : public FileEncoder {
 public:
  TfrecordEncoder(std::shared_ptr<arrow::io::OutputStream> stream,
                  const std::optional<std::vector<TfFeature>>& schema, arrow::MemoryPool* pool)
      : stream_(std::move(stream)), schema_(schema), pool_(pool) {}

  Status Write(const Block& block) override {
    return ForEachPart(block, kBytesAtOnce, [this](const Block& part) -> Status {
      ARROW_ASSIGN_OR_RAISE(const Block plain, WithoutDictionaries(part, pool_));
      std::vector<FeatureColumn> columns;
      for (int i = 0; i < plain.num_columns(); ++i) {
        ARROW_ASSIGN_OR_RAISE(auto column, ToFeatureColumn(plain.schema()->field(i)->name(),
                                                           plain.batch()->column(i), pool_));
        if (schema_) ARROW_RETURN_NOT_OK(CheckAgainst(*schema_, column));
        columns.push_back(std::move(column));
      }
      out_.clear();
      for (int64_t row = 0; row < plain.num_rows(); ++row) {
        example_.Begin();
        for (const FeatureColumn& column : columns) Add(column, row);
        AppendRecord(example_.Finish(), &out_);
      }
      ARROW_RETURN_NOT_OK(stream_->Write(out_));
      if (out_.capacity() > kKeptBytes) out_ = {};
      return Status::OK();
    });
  }
  Status Finish() override { return Status::OK(); }

 private:
  /// A null is a feature that is not there.
  void Add(const FeatureColumn& column, int64_t row) {
    if (column.kind == FeatureKind::kNone || column.is_null(row)) return;
    const auto [begin, count] = column.Range(row);
    switch (column.kind) {
      case FeatureKind::kBytes: {
        const auto& values = static_cast<const arrow::BinaryArray&>(*column.values);
        bytes_.clear();
        for (int64_t i = begin; i < begin + count; ++i) bytes_.push_back(values.GetView(i));
        example_.Bytes(column.name, bytes_);
        break;
      }
      case FeatureKind::kFloat:
        example_.Floats(column.name,
                        static_cast<const arrow::FloatArray&>(*column.values).raw_values() + begin,
                        count);
        break;
      default:
        example_.Int64s(column.name,
                        static_cast<const arrow::Int64Array&>(*column.values).raw_values() + begin,
                        count);
    }
  }

  const std::shared_ptr<arrow::io::OutputStream> stream_;
  const std::optional<std::vector<TfFeature>> schema_;
  arrow::MemoryPool* const pool_;
  ExampleWriter example_;
  std::vector<std::string_view> bytes_;
  std::string out_;
};

class TfrecordDatasink final : public FileDatasink {
 public:
  explicit TfrecordDatasink(TfrecordWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "tfrecord"; }
  std::string name() const override { return "WriteTFRecord"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    return MakeFileWriter(options(), info, "tfrecords",
                          [schema = options_.schema, pool = info.pool](
                              std::shared_ptr<arrow::io::OutputStream> stream,
                              const Block&) -> Result<std::unique_ptr<FileEncoder>> {
                            return std::make_unique<TfrecordEncoder>(std::move(stream), schema,
                                                                     pool);
                          });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    WriteTfSchema(options_.schema, &out);
    return out.Take();
  }

 private:
  const TfrecordWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeTfrecordDatasink(TfrecordWriteOptions options) {
  return std::make_shared<TfrecordDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeTfrecordDatasink(std::string_view bytes) {
  WireReader in(bytes);
  TfrecordWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.schema = ReadTfSchema(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeTfrecordDatasink(std::move(options));
}

}  // namespace headrace::datasource
