// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_encoder.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/base64.h>
#include <arrow/util/compression.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <unordered_set>

#include "headrace/block/schema.h"
#include "headrace/datasource/parquet_files.h"

namespace headrace::datasource {
namespace {

// How many values of the first block are looked at to tell whether a dictionary pays.
constexpr int64_t kSampledValues = 512;
// Above this share of different values in the sample a dictionary only costs: the page outgrows
// its limit and the writer falls back to plain after having hashed a megabyte.
constexpr double kTooManyDistinct = 0.9;

std::shared_ptr<arrow::DataType> StoredType(const std::shared_ptr<arrow::DataType>& type) {
  if (type->id() != arrow::Type::DICTIONARY) return type;
  return static_cast<const arrow::DictionaryType&>(*type).value_type();
}

std::shared_ptr<arrow::Schema> StoredSchema(const arrow::Schema& schema) {
  arrow::FieldVector fields;
  for (const auto& field : schema.fields()) {
    fields.push_back(field->WithType(StoredType(field->type())));
  }
  return arrow::schema(std::move(fields));
}

/// Arrow types that Parquet cannot say itself come back by this entry, as pyarrow writes it.
Result<std::shared_ptr<arrow::KeyValueMetadata>> ArrowSchemaMetadata(const arrow::Schema& schema) {
  ARROW_ASSIGN_OR_RAISE(const auto buffer, arrow::ipc::SerializeSchema(schema));
  return arrow::key_value_metadata({"ARROW:schema"},
                                   {arrow::util::base64_encode(std::string_view(*buffer))});
}

bool LooksDistinct(const arrow::Array& column) {
  const int64_t count = std::min(column.length(), kSampledValues);
  if (count < kSampledValues / 2) return false;
  const int64_t step = column.length() / count;
  std::unordered_set<std::string_view> seen;
  const auto& data = *column.data();
  int64_t width = 0;
  if (arrow::is_primitive(column.type_id()) && column.type_id() != arrow::Type::BOOL) {
    width = column.type()->byte_width();
  } else if (!arrow::is_binary_like(column.type_id())) {
    return false;
  }
  for (int64_t i = 0; i < count; ++i) {
    const int64_t row = i * step;
    if (width > 0) {
      const auto* bytes = reinterpret_cast<const char*>(data.buffers[1]->data());
      seen.emplace(bytes + (data.offset + row) * width, width);
    } else {
      seen.insert(static_cast<const arrow::BinaryArray&>(column).GetView(row));
    }
  }
  return static_cast<double>(seen.size()) > kTooManyDistinct * static_cast<double>(count);
}

Result<std::shared_ptr<parquet::WriterProperties>> Properties(const ParquetWriteOptions& options,
                                                              const Block& first,
                                                              arrow::MemoryPool* pool) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(pool);
  builder.max_row_group_length(std::max<int64_t>(1, options.row_group_size));
  const std::string codec = options.compression.empty() ? "uncompressed" : options.compression;
  ARROW_ASSIGN_OR_RAISE(const auto compression, arrow::util::Codec::GetCompressionType(codec));
  builder.compression(compression);
  if (options.compression_level) builder.compression_level(*options.compression_level);
  if (!options.use_dictionary) {
    builder.disable_dictionary();
  } else {
    for (int i = 0; i < first.num_columns(); ++i) {
      if (LooksDistinct(*first.batch()->column(i))) {
        builder.disable_dictionary(first.schema()->field(i)->name());
      }
    }
  }
  return builder.build();
}

class ParquetEncoder final : public FileEncoder {
 public:
  ParquetEncoder(std::unique_ptr<parquet::arrow::FileWriter> writer,
                 std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
      : writer_(std::move(writer)), schema_(std::move(schema)), pool_(pool) {}

  Status Write(const Block& block) override {
    Block conforming = block;
    if (!StoredSchema(*block.schema())->Equals(*schema_, /*check_metadata=*/false)) {
      ARROW_ASSIGN_OR_RAISE(conforming, ConformTo(block, schema_, pool_));
    }
    return CallParquet("write Parquet",
                       [&] { return writer_->WriteRecordBatch(*conforming.batch()); });
  }

  Status Finish() override {
    return CallParquet("write Parquet", [&] { return writer_->Close(); });
  }

 private:
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* pool_;
};

}  // namespace

Status CheckParquetOptions(const ParquetWriteOptions& options) {
  const std::string codec = options.compression.empty() ? "uncompressed" : options.compression;
  const auto type = arrow::util::Codec::GetCompressionType(codec);
  if (!type.ok() || !arrow::util::Codec::IsAvailable(*type)) {
    return Status::Invalid("unknown Parquet compression '", options.compression,
                           "'; there are snappy, gzip, zstd, lz4, brotli, none");
  }
  return Status::OK();
}

Result<std::unique_ptr<FileEncoder>> MakeParquetEncoder(
    const ParquetWriteOptions& options, std::shared_ptr<arrow::io::OutputStream> stream,
    const Block& first, arrow::MemoryPool* pool) {
  auto schema = StoredSchema(*first.schema());
  ARROW_ASSIGN_OR_RAISE(auto properties, Properties(options, first, pool));
  ARROW_ASSIGN_OR_RAISE(const auto metadata, ArrowSchemaMetadata(*schema));
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  ARROW_RETURN_NOT_OK(CallParquet("write Parquet", [&] {
    return parquet::arrow::FileWriter::Open(*schema->WithMetadata(metadata), pool,
                                            std::move(stream), std::move(properties))
        .Value(&writer);
  }));
  return std::make_unique<ParquetEncoder>(std::move(writer), std::move(schema), pool);
}

}  // namespace headrace::datasource
