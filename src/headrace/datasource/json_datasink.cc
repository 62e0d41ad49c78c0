// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasink.h"
#include "headrace/datasource/json_encoder.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

// Rows that are turned into text before they are written: so many, or fewer of this size in all.
constexpr int64_t kRowsAtOnce = 4096;
constexpr int64_t kBytesAtOnce = 4 << 20;
// Text whose memory is kept for the next rows.
constexpr size_t kKeptText = 32 << 20;

class JsonEncoder final : public FileEncoder {
 public:
  explicit JsonEncoder(std::shared_ptr<arrow::io::OutputStream> stream)
      : stream_(std::move(stream)) {}

  Status Write(const Block& block) override {
    const int64_t bytes_per_row =
        std::max<int64_t>(1, block.size_bytes() / std::max<int64_t>(1, block.num_rows()));
    const int64_t rows = std::clamp<int64_t>(kBytesAtOnce / bytes_per_row, 1, kRowsAtOnce);
    for (int64_t offset = 0; offset < block.num_rows(); offset += rows) {
      text_.clear();
      ARROW_RETURN_NOT_OK(AppendJsonLines(block.Slice(offset, rows), &text_));
      ARROW_RETURN_NOT_OK(stream_->Write(text_));
      if (text_.size() <= kKeptText) continue;
      text_.clear();
      text_.shrink_to_fit();
    }
    return Status::OK();
  }
  Status Finish() override { return Status::OK(); }

 private:
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::string text_;
};

class JsonDatasink final : public FileDatasink {
 public:
  using FileDatasink::FileDatasink;

  std::string_view kind() const override { return "json"; }
  std::string name() const override { return "WriteJSON"; }

  Result<std::unique_ptr<BlockWriter>> OpenWriter(const WriteTaskInfo& info) const override {
    return MakeFileWriter(options(), info, "json",
                          [](std::shared_ptr<arrow::io::OutputStream> stream,
                             const Block&) -> Result<std::unique_ptr<FileEncoder>> {
                            return std::make_unique<JsonEncoder>(std::move(stream));
                          });
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options().WriteTo(&out);
    return out.Take();
  }
};

}  // namespace

Result<DatasinkPtr> MakeJsonDatasink(FileWriteOptions options) {
  return std::make_shared<JsonDatasink>(std::move(options));
}

Result<DatasinkPtr> DeserializeJsonDatasink(std::string_view bytes) {
  WireReader in(bytes);
  auto options = FileWriteOptions::ReadFrom(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeJsonDatasink(std::move(options));
}

}  // namespace headrace::datasource
