// SPDX-License-Identifier: Apache-2.0
#include <arrow/csv/options.h>
#include <arrow/csv/writer.h>
#include <arrow/ipc/writer.h>

#include "headrace/base/wire.h"
#include "headrace/block/schema.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/plain_columns.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

Result<arrow::csv::QuotingStyle> QuotingOf(const std::string& style) {
  if (style == "needed") return arrow::csv::QuotingStyle::Needed;
  if (style == "all_valid") return arrow::csv::QuotingStyle::AllValid;
  if (style == "none") return arrow::csv::QuotingStyle::None;
  return Status::Invalid("unknown quoting style '", style, "'; there are needed, all_valid, none");
}

// Rows are expanded and turned into text in parts of about this size.
constexpr int64_t kBytesAtOnce = 8 << 20;

class CsvEncoder final : public FileEncoder {
 public:
  CsvEncoder(std::shared_ptr<arrow::ipc::RecordBatchWriter> writer,
             std::shared_ptr<arrow::Schema> schema, arrow::MemoryPool* pool)
      : writer_(std::move(writer)), schema_(std::move(schema)), pool_(pool) {}

  Status Write(const Block& block) override {
    return ForEachPart(block, kBytesAtOnce, [this](const Block& part) { return WritePart(part); });
  }
  Status Finish() override { return writer_->Close(); }

 private:
  Status WritePart(const Block& block) {
    ARROW_ASSIGN_OR_RAISE(Block plain, WithoutDictionaries(block, pool_));
    if (!plain.schema()->Equals(*schema_, /*check_metadata=*/false)) {
      ARROW_ASSIGN_OR_RAISE(plain, ConformTo(plain, schema_, pool_));
    }
    return writer_->WriteRecordBatch(*plain.batch());
  }

  std::shared_ptr<arrow::ipc::RecordBatchWriter> writer_;
  const std::shared_ptr<arrow::Schema> schema_;
  arrow::MemoryPool* pool_;
};

class CsvDatasink final : public FileDatasink {
 public:
  explicit CsvDatasink(CsvWriteOptions options)
      : FileDatasink(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "csv"; }
  std::string name() const override { return "WriteCSV"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    auto arrow_options = arrow::csv::WriteOptions::Defaults();
    arrow_options.include_header = options_.include_header;
    arrow_options.delimiter = options_.delimiter;
    arrow_options.batch_size = 1 << 14;
    arrow_options.io_context = arrow::io::IOContext(info.pool);
    ARROW_ASSIGN_OR_RAISE(arrow_options.quoting_style, QuotingOf(options_.quoting_style));
    return MakeFileWriter(
        options(), info, "csv",
        [arrow_options, pool = info.pool](
            std::shared_ptr<arrow::io::OutputStream> stream,
            const Block& first) -> Result<std::unique_ptr<FileEncoder>> {
          ARROW_ASSIGN_OR_RAISE(const Block plain, WithoutDictionaries(first.Slice(0, 0), pool));
          ARROW_ASSIGN_OR_RAISE(auto writer, arrow::csv::MakeCSVWriter(
                                                 std::move(stream), plain.schema(), arrow_options));
          return std::make_unique<CsvEncoder>(std::move(writer), plain.schema(), pool);
        });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    out.Bool(options_.include_header);
    out.I64(options_.delimiter);
    out.Str(options_.quoting_style);
    return out.Take();
  }

 private:
  const CsvWriteOptions options_;
};

}  // namespace

Result<DatasinkPtr> MakeCsvDatasink(CsvWriteOptions options) {
  ARROW_RETURN_NOT_OK(QuotingOf(options.quoting_style).status());
  return std::make_shared<CsvDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeCsvDatasink(std::string_view bytes) {
  WireReader in(bytes);
  CsvWriteOptions options;
  options.files = FileWriteOptions::ReadFrom(&in);
  options.include_header = in.Bool();
  options.delimiter = static_cast<char>(in.I64());
  options.quoting_style = in.Str();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeCsvDatasink(std::move(options));
}

}  // namespace headrace::datasource
