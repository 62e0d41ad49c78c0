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
#include <map>
#include <unordered_set>

#include "headrace/block/referenced_bytes.h"
#include "headrace/block/schema.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/repeated_strings.h"

namespace headrace::datasource {
namespace {

// How many values of the first block are looked at to tell whether a dictionary pays.
constexpr int64_t kSampledValues = 512;
// Above this share of different values in the sample a dictionary only costs: the page outgrows
// its limit and the writer falls back to plain after having hashed a megabyte.
constexpr double kTooManyDistinct = 0.9;

// Encoded bytes of a row group: what a writer holds back. Below the least, readers would spend
// their time on column chunks; above the most, no reader gains anything. Between them, a chunk of
// kChunkBytes per column is enough, and its memory is there for the next row group: with 128 MiB
// for four columns, writing 1 GB touched 1 GB of fresh pages, in buffers that doubled.
constexpr int64_t kLeastRowGroupBytes = 8 << 20;
constexpr int64_t kMostRowGroupBytes = 128 << 20;
constexpr int64_t kNarrowRowGroupBytes = 32 << 20;
constexpr int64_t kChunkBytes = 4 << 20;
// A chunk costs its writer and each reader some 10 µs, whatever it holds: thousands of columns get
// larger row groups. Not as large as readers would like: a task holds about twice as many bytes.
constexpr int64_t kLeastChunkBytes = 8 << 10;
constexpr int64_t kWideRowGroupPerTarget = 2;
// Rows that are encoded between two looks at the size of a page: so many that their bytes are this.
constexpr int64_t kBatchBytes = 256 << 10;
constexpr int64_t kMaxBatchRows = 1024;
// Longer values have no least and largest one in the footer anyway, and a dictionary of them would
// be too large at once; but the writer would keep several copies of them to find that out.
constexpr int64_t kLongValueBytes = 4096;
// A column chunk that is shorter is stored without a dictionary: the hash table alone takes tens of
// KiB, and thousands of columns have one each.
constexpr int64_t kLeastChunkForDictionary = 64 << 10;

int64_t RowGroupBytes(int num_columns, int64_t target_max_block_size) {
  const int64_t target = target_max_block_size > 0 ? target_max_block_size : kMostRowGroupBytes;
  const int64_t usual_most = std::clamp(target, kLeastRowGroupBytes, kMostRowGroupBytes);
  const int64_t most = std::min(kWideRowGroupPerTarget * usual_most, kMostRowGroupBytes);
  const int64_t usual =
      std::min(std::max(kNarrowRowGroupBytes, num_columns * kChunkBytes), usual_most);
  return std::clamp(num_columns * kLeastChunkBytes, usual, most);
}

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

bool HasLongValues(const arrow::Array& column) {
  return arrow::is_base_binary_like(column.type_id()) &&
         ReferencedBytes(*column.data()) > kLongValueBytes * column.length();
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
                                                              int64_t row_group_bytes,
                                                              arrow::MemoryPool* pool) {
  parquet::WriterProperties::Builder builder;
  builder.memory_pool(pool);
  const int64_t bytes_per_row =
      std::max<int64_t>(1, first.size_bytes() / std::max<int64_t>(1, first.num_rows()));
  builder.write_batch_size(std::clamp<int64_t>(kBatchBytes / bytes_per_row, 1, kMaxBatchRows));
  builder.max_row_group_length(std::max<int64_t>(1, options.row_group_size));
  const std::string codec = options.compression.empty() ? "uncompressed" : options.compression;
  ARROW_ASSIGN_OR_RAISE(const auto compression, arrow::util::Codec::GetCompressionType(codec));
  builder.compression(compression);
  if (options.compression_level) builder.compression_level(*options.compression_level);
  const int64_t chunk_bytes = row_group_bytes / std::max(1, first.num_columns());
  const bool no_dictionaries = !options.use_dictionary || chunk_bytes < kLeastChunkForDictionary;
  if (no_dictionaries) builder.disable_dictionary();
  for (int i = 0; i < first.num_columns(); ++i) {
    const arrow::Array& column = *first.batch()->column(i);
    const std::string& name = first.schema()->field(i)->name();
    const bool is_long = HasLongValues(column);
    if (is_long) builder.disable_statistics(name);
    if (!no_dictionaries && (is_long || LooksDistinct(column))) builder.disable_dictionary(name);
  }
  return builder.build();
}

class ParquetEncoder final : public FileEncoder {
 public:
  ParquetEncoder(std::unique_ptr<parquet::arrow::FileWriter> writer,
                 std::shared_ptr<arrow::Schema> schema, const parquet::WriterProperties& properties,
                 int64_t row_group_rows, int64_t row_group_bytes, arrow::MemoryPool* pool)
      : writer_(std::move(writer)),
        schema_(std::move(schema)),
        row_group_rows_(row_group_rows),
        row_group_bytes_(row_group_bytes),
        pool_(pool) {
    for (int i = 0; i < schema_->num_fields(); ++i) {
      const auto path = std::make_shared<parquet::schema::ColumnPath>(
          std::vector<std::string>{schema_->field(i)->name()});
      const auto type = schema_->field(i)->type()->id();
      if ((type == arrow::Type::STRING || type == arrow::Type::BINARY) &&
          properties.dictionary_enabled(path)) {
        strings_.try_emplace(i);
      }
    }
  }

  Status Write(const Block& block) override {
    Block conforming = block;
    if (!StoredSchema(*block.schema())->Equals(*schema_, /*check_metadata=*/false)) {
      ARROW_ASSIGN_OR_RAISE(conforming, ConformTo(block, schema_, pool_));
    }
    const int64_t bytes = block.size_bytes();
    const int64_t rows = conforming.num_rows();
    const int64_t bytes_per_row = std::max<int64_t>(1, bytes / std::max<int64_t>(1, rows));
    // Encoded rows take at most about what they took before, so a row group of this many fits.
    const int64_t rows_at_once = std::max<int64_t>(1, row_group_bytes_ / bytes_per_row);
    for (int64_t offset = 0; offset < rows;) {
      int64_t part_rows = std::min(rows_at_once, rows - offset);
      if (part_rows * bytes_per_row > row_group_bytes_) {
        ARROW_RETURN_NOT_OK(WriteAlone(conforming.Slice(offset, part_rows)));
        offset += part_rows;
        continue;
      }
      ARROW_RETURN_NOT_OK(BeginRowGroupFor(part_rows * bytes_per_row));
      part_rows = std::min(part_rows, row_group_rows_ - held_rows_);
      ARROW_ASSIGN_OR_RAISE(const auto part,
                            WithRepeatedStrings(conforming.Slice(offset, part_rows)));
      ARROW_RETURN_NOT_OK(
          CallParquet("write Parquet", [&] { return writer_->WriteRecordBatch(*part); }));
      held_bytes_ += part_rows * bytes_per_row;
      held_rows_ += part_rows;
      offset += part_rows;
    }
    return Status::OK();
  }

  int64_t held_bytes() const override { return held_bytes_; }

  Status Flush() override {
    if (held_rows_ == 0) return Status::OK();
    held_bytes_ = 0;
    held_rows_ = 0;
    return CallParquet("write Parquet", [&] { return writer_->NewBufferedRowGroup(); });
  }

  Status Finish() override {
    return CallParquet("write Parquet", [&] { return writer_->Close(); });
  }

 private:
  /// One row that is too large for a row group: in one of its own, whose columns go straight to the
  /// file instead of waiting for each other.
  Status WriteAlone(const Block& row) {
    held_bytes_ = 0;
    held_rows_ = 0;
    return CallParquet("write Parquet", [&]() -> Status {
      ARROW_RETURN_NOT_OK(writer_->NewRowGroup());
      for (const auto& column : row.batch()->columns()) {
        ARROW_RETURN_NOT_OK(writer_->WriteColumnChunk(*column));
      }
      return Status::OK();
    });
  }

  /// Ends the row group that is being made when `bytes` more were too much for it, or a row.
  Status BeginRowGroupFor(int64_t bytes) {
    const bool is_full = held_bytes_ + bytes > row_group_bytes_ || held_rows_ == row_group_rows_;
    return is_full ? Flush() : Status::OK();
  }

  /// The next rows of the row group, as the writer should get them.
  Result<std::shared_ptr<arrow::RecordBatch>> WithRepeatedStrings(const Block& part) {
    auto batch = part.batch();
    for (auto& [i, strings] : strings_) {
      ARROW_ASSIGN_OR_RAISE(auto column, strings.Encode(batch->column(i), held_rows_ == 0, pool_));
      if (column == batch->column(i)) continue;
      const auto field = batch->schema()->field(i)->WithType(column->type());
      ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(i, field, column));
    }
    return batch;
  }

  std::unique_ptr<parquet::arrow::FileWriter> writer_;
  std::shared_ptr<arrow::Schema> schema_;
  const int64_t row_group_rows_;
  const int64_t row_group_bytes_;
  arrow::MemoryPool* pool_;
  std::map<int, RepeatedStrings> strings_;  // by column, where it may have a dictionary
  // Of the row group that is being made, before encoding.
  int64_t held_bytes_ = 0;
  int64_t held_rows_ = 0;
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
    const Block& first, int64_t target_max_block_size, arrow::MemoryPool* pool) {
  const int64_t row_group_bytes = RowGroupBytes(first.num_columns(), target_max_block_size);
  auto schema = StoredSchema(*first.schema());
  ARROW_ASSIGN_OR_RAISE(const auto properties, Properties(options, first, row_group_bytes, pool));
  ARROW_ASSIGN_OR_RAISE(const auto metadata, ArrowSchemaMetadata(*schema));
  std::unique_ptr<parquet::arrow::FileWriter> writer;
  ARROW_RETURN_NOT_OK(CallParquet("write Parquet", [&] {
    return parquet::arrow::FileWriter::Open(*schema->WithMetadata(metadata), pool,
                                            std::move(stream), properties)
        .Value(&writer);
  }));
  return std::make_unique<ParquetEncoder>(std::move(writer), std::move(schema), *properties,
                                          std::max<int64_t>(1, options.row_group_size),
                                          row_group_bytes, pool);
}

}  // namespace headrace::datasource
