// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/builder_binary.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <string>

#include "headrace/base/wire.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/text_encoding.h"
#include "headrace/datasource/text_formats.h"

namespace headrace::datasource {
namespace {

// Text that is read at a time, unless the buffer is smaller.
constexpr int64_t kChunkBytes = 1 << 20;
// A block ends after so many bytes of text, or at its target.
constexpr int64_t kBlockBytes = 8 << 20;

int64_t BlockBytes(int64_t target_max_block_size) {
  return target_max_block_size > 0 ? std::min(kBlockBytes, target_max_block_size) : kBlockBytes;
}

/// Lines of one stream: separated by \n or \r\n, the last one with or without it.
class LineReader final : public BlockReader {
 public:
  LineReader(std::shared_ptr<arrow::io::InputStream> stream, const TextReadOptions& options,
             const ReadOptions& read)
      : stream_(std::move(stream)),
        drop_empty_(options.drop_empty_lines),
        max_row_bytes_(options.max_row_bytes),
        pool_(read.pool),
        chunk_bytes_(std::clamp<int64_t>(read.buffer_bytes, 1, kChunkBytes)),
        block_bytes_(BlockBytes(read.target_max_block_size)) {}

  Result<std::optional<Block>> Next() override {
    if (ended_) return std::nullopt;
    arrow::StringBuilder lines(pool_);
    while (!ended_ && lines.value_data_length() < block_bytes_) {
      ARROW_ASSIGN_OR_RAISE(const auto chunk, stream_->Read(chunk_bytes_));
      if (chunk->size() == 0) {
        ended_ = true;
        if (!rest_.empty()) ARROW_RETURN_NOT_OK(Append(rest_, &lines));
        break;
      }
      std::string_view text(*chunk);
      for (size_t newline = text.find('\n'); newline != std::string_view::npos;
           newline = text.find('\n')) {
        if (rest_.empty()) {
          ARROW_RETURN_NOT_OK(Append(text.substr(0, newline), &lines));
        } else {
          rest_.append(text.substr(0, newline));
          ARROW_RETURN_NOT_OK(Append(rest_, &lines));
          rest_.clear();
        }
        text.remove_prefix(newline + 1);
      }
      rest_.append(text);
      if (static_cast<int64_t>(rest_.size()) > max_row_bytes_) {
        return RowTooLong("line " + std::to_string(line_number_ + 1), max_row_bytes_);
      }
    }
    ARROW_ASSIGN_OR_RAISE(auto column, lines.Finish());
    const int64_t rows = column->length();
    if (rows == 0) return std::nullopt;
    static const auto schema = arrow::schema({arrow::field("text", arrow::utf8())});
    return Block(arrow::RecordBatch::Make(schema, rows, {std::move(column)}));
  }

 private:
  Status Append(std::string_view line, arrow::StringBuilder* lines) {
    ++line_number_;
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (drop_empty_ && line.find_first_not_of(" \t\r\f\v") == std::string_view::npos) {
      return Status::OK();
    }
    if (!arrow::util::ValidateUTF8(line)) {
      return Status::Invalid("line ", line_number_,
                             " is no UTF-8 text (give encoding= for other encodings)");
    }
    return lines->Append(line);
  }

  std::shared_ptr<arrow::io::InputStream> stream_;
  const bool drop_empty_;
  const int64_t max_row_bytes_;
  arrow::MemoryPool* pool_;
  const int64_t chunk_bytes_;
  const int64_t block_bytes_;
  std::string rest_;
  int64_t line_number_ = 0;
  bool ended_ = false;
};

class TextDatasource final : public FileFormat<TextDatasource, TextReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "text"; }
  std::string name() const override { return "ReadText"; }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path, read));
    ARROW_ASSIGN_OR_RAISE(stream, DecodeToUtf8(std::move(stream), options_.encoding));
    return std::make_unique<LineReader>(std::move(stream), options_, read);
  }

  int64_t FileHeapBytes(int64_t, const ReadParallelism& parallelism) const override {
    // The builder doubles its memory; a converted chunk is up to three times as long.
    return 2 * BlockBytes(parallelism.target_max_block_size) + 4 * kChunkBytes;
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    out.Str(options_.encoding);
    out.Bool(options_.drop_empty_lines);
    out.I64(options_.max_row_bytes);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeTextDatasource(TextReadOptions options) {
  ARROW_RETURN_NOT_OK(CheckEncoding(options.encoding));
  arrow::util::InitializeUTF8();
  return std::make_shared<TextDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeTextDatasource(std::string_view bytes) {
  WireReader in(bytes);
  TextReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.encoding = in.Str();
  options.drop_empty_lines = in.Bool();
  options.max_row_bytes = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeTextDatasource(std::move(options));
}

}  // namespace headrace::datasource
