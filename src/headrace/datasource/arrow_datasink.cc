// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/interfaces.h>
#include <arrow/ipc/writer.h>
#include <arrow/util/compression.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/block/schema.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/plain_columns.h"
#include "headrace/datasource/table_formats.h"

namespace headrace::datasource {
namespace {

// Readers hold one record batch at a time, so a block becomes several.
constexpr int64_t kBatchBytes = 16 << 20;

Result<arrow::ipc::IpcWriteOptions> IpcOptions(const ArrowWriteOptions& options) {
  auto ipc = arrow::ipc::IpcWriteOptions::Defaults();
  ipc.use_threads = false;  // tasks are the parallelism
  if (options.compression.empty() || options.compression == "none") return ipc;
  if (options.compression != "lz4" && options.compression != "zstd") {
    return Status::Invalid("unknown Arrow compression '", options.compression,
                           "'; there are lz4, zstd, none");
  }
  const auto codec =
      options.compression == "lz4" ? arrow::Compression::LZ4_FRAME : arrow::Compression::ZSTD;
  ARROW_ASSIGN_OR_RAISE(ipc.codec, arrow::util::Codec::Create(codec));
  return ipc;
}

class ArrowEncoder final : public FileEncoder {
 public:
  ArrowEncoder(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer,
               std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
      : writer_(std::move(writer)), schema_(std::move(schema)), pool_(pool) {}

  Status Write(const Block& block) override {
    return ForEachPart(block, kBatchBytes, [this](const Block& part) -> Status {
      ARROW_ASSIGN_OR_RAISE(Block plain, WithoutDictionaries(part, pool_));
      if (!plain.schema()->Equals(*schema_, /*check_metadata=*/false)) {
        ARROW_ASSIGN_OR_RAISE(plain, ConformTo(plain, schema_, pool_));
      }
      return writer_->WriteRecordBatch(*plain.batch());
    });
  }
  Status Finish() override { return writer_->Close(); }

 private:
  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* const pool_;
};

/// Dictionary columns are stored as their values: a file may hold one dictionary per column, and
/// blocks have one each.
class ArrowDatasink final : public FileDatasink {
 public:
  explicit ArrowDatasink(ArrowWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "arrow"; }
  std::string name() const override { return "WriteArrow"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    ARROW_ASSIGN_OR_RAISE(auto ipc, IpcOptions(options_));
    ipc.memory_pool = info.pool;
    return MakeFileWriter(
        options(), info, "arrow",
        [ipc, pool = info.pool](std::shared_ptr<arrow::io::OutputStream> stream,
                                const Block& first) -> Result<std::unique_ptr<FileEncoder>> {
          ARROW_ASSIGN_OR_RAISE(const Block plain, WithoutDictionaries(first.Slice(0, 0), pool));
          ARROW_ASSIGN_OR_RAISE(auto writer,
                                arrow::ipc::MakeFileWriter(std::move(stream), plain.schema(), ipc));
          return std::make_unique<ArrowEncoder>(std::move(writer), plain.schema(), pool);
        });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Str(options_.compression);
    return out.Take();
  }

 private:
  const ArrowWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeArrowDatasink(ArrowWriteOptions options) {
  ARROW_RETURN_NOT_OK(IpcOptions(options).status());
  return std::make_shared<ArrowDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeArrowDatasink(std::string_view bytes) {
  WireReader in(bytes);
  ArrowWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.compression = in.Str();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeArrowDatasink(std::move(options));
}

}  // namespace headrace::datasource
