// SPDX-License-Identifier: Apache-2.0
#include <arrow/adapters/orc/adapter.h>
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/block/schema.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/plain_columns.h"
#include "headrace/datasource/table_formats.h"

namespace headrace::datasource {
namespace {

using arrow::adapters::orc::ORCFileWriter;

// Rows that are expanded and handed over at a time.
constexpr int64_t kBytesAtOnce = 8 << 20;
constexpr int64_t kLeastStripeBytes = 1 << 20;

Result<arrow::Compression::type> CompressionOf(const std::string& name) {
  if (name.empty() || name == "none" || name == "uncompressed") {
    return arrow::Compression::UNCOMPRESSED;
  }
  if (name == "zlib") return arrow::Compression::GZIP;
  if (name == "snappy") return arrow::Compression::SNAPPY;
  if (name == "lz4") return arrow::Compression::LZ4;
  if (name == "zstd") return arrow::Compression::ZSTD;
  return Status::Invalid("unknown ORC compression '", name,
                         "'; there are zlib, snappy, lz4, zstd, none");
}

bool HasOrcType(const arrow::DataType& type) {
  switch (type.id()) {
    case arrow::Type::BOOL:
    case arrow::Type::INT8:
    case arrow::Type::INT16:
    case arrow::Type::INT32:
    case arrow::Type::INT64:
    case arrow::Type::FLOAT:
    case arrow::Type::DOUBLE:
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY:
    case arrow::Type::FIXED_SIZE_BINARY:
    case arrow::Type::DATE32:
    case arrow::Type::DATE64:
    case arrow::Type::TIMESTAMP:
    case arrow::Type::DECIMAL128:
      return true;
    case arrow::Type::LIST:
    case arrow::Type::LARGE_LIST:
    case arrow::Type::FIXED_SIZE_LIST:
    case arrow::Type::MAP:
    case arrow::Type::STRUCT:
      return std::all_of(type.fields().begin(), type.fields().end(),
                         [](const auto& field) { return HasOrcType(*field->type()); });
    default:
      return false;
  }
}

Status CheckTypes(const arrow::Schema& schema) {
  if (schema.num_fields() == 0) return Status::Invalid("an ORC file needs at least one column");
  for (const auto& field : schema.fields()) {
    if (HasOrcType(*field->type())) continue;
    return Status::TypeError("column '", field->name(), "': ORC has no type for ",
                             field->type()->ToString(),
                             "; cast the column, drop it, or write Parquet or Arrow files");
  }
  return Status::OK();
}

class OrcEncoder final : public FileEncoder {
 public:
  OrcEncoder(std::shared_ptr<arrow::io::OutputStream> stream, std::unique_ptr<ORCFileWriter> writer,
             std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
      : stream_(std::move(stream)),
        writer_(std::move(writer)),
        schema_(std::move(schema)),
        pool_(pool) {}

  Status Write(const Block& block) override {
    return ForEachPart(block, kBytesAtOnce, [this](const Block& part) -> Status {
      ARROW_ASSIGN_OR_RAISE(Block plain, WithoutDictionaries(part, pool_));
      if (!plain.schema()->Equals(*schema_, /*check_metadata=*/false)) {
        ARROW_ASSIGN_OR_RAISE(plain, ConformTo(plain, schema_, pool_));
      }
      return CatchAsStatus("write ORC", [&] { return writer_->Write(*plain.batch()); });
    });
  }
  Status Finish() override {
    return CatchAsStatus("write ORC", [&] { return writer_->Close(); });
  }

 private:
  const std::shared_ptr<arrow::io::OutputStream> stream_;  // the writer refers to it
  const std::unique_ptr<ORCFileWriter> writer_;
  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* const pool_;
};

class OrcDatasink final : public FileDatasink {
 public:
  explicit OrcDatasink(OrcWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "orc"; }
  std::string name() const override { return "WriteORC"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    arrow::adapters::orc::WriteOptions orc;
    ARROW_ASSIGN_OR_RAISE(orc.compression, CompressionOf(options_.compression));
    orc.stripe_size = options_.stripe_size;
    if (info.target_max_block_size > 0) {
      // A stripe is held back until it is complete.
      orc.stripe_size =
          std::min(orc.stripe_size, std::max(info.target_max_block_size, kLeastStripeBytes));
    }
    return MakeFileWriter(
        options(), info, "orc",
        [orc, pool = info.pool](std::shared_ptr<arrow::io::OutputStream> stream,
                                const Block& first) -> Result<std::unique_ptr<FileEncoder>> {
          ARROW_ASSIGN_OR_RAISE(const Block plain, WithoutDictionaries(first.Slice(0, 0), pool));
          ARROW_RETURN_NOT_OK(CheckTypes(*plain.schema()));
          ARROW_ASSIGN_OR_RAISE(auto writer, ORCFileWriter::Open(stream.get(), orc));
          return std::make_unique<OrcEncoder>(std::move(stream), std::move(writer), plain.schema(),
                                              pool);
        });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Str(options_.compression);
    out.I64(options_.stripe_size);
    return out.Take();
  }

 private:
  const OrcWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeOrcDatasink(OrcWriteOptions options) {
  ARROW_RETURN_NOT_OK(CompressionOf(options.compression).status());
  if (options.stripe_size <= 0) {
    return Status::Invalid("stripe_size must be positive, got ", options.stripe_size);
  }
  return std::make_shared<OrcDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeOrcDatasink(std::string_view bytes) {
  WireReader in(bytes);
  OrcWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.compression = in.Str();
  options.stripe_size = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeOrcDatasink(std::move(options));
}

}  // namespace headrace::datasource
