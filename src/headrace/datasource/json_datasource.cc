// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/table.h>
#include <arrow/util/utf8.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/arrow_wire.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/json_depth.h"
#include "headrace/datasource/json_lines.h"
#include "headrace/datasource/json_parser.h"
#include "headrace/datasource/json_schema.h"
#include "headrace/datasource/text_formats.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

// Arrow parses block by block and gives up on a row that is longer than one; then it is retried
// with blocks twice as large, up to this.
constexpr int64_t kMaxJsonBlock = int64_t{1} << 30;
// Text that is parsed at a time where a file is not parsed at once.
constexpr int64_t kLeastChunk = 64 << 10;
constexpr int64_t kMostChunk = 8 << 20;
// … and where it is.
constexpr int64_t kPiece = 1 << 20;
// Text of a file that is parsed at once: the parser's copy, the columns and their joined form take
// about three times as much.
constexpr int64_t kWholeTextPerTarget = 2;
constexpr int64_t kHeapPerText = 4;

class JsonDatasource final : public FileFormat<JsonDatasource, JsonReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "json"; }
  std::string name() const override { return "ReadJSON"; }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override;

  int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism& parallelism) const override {
    const int64_t whole = WholeBytes(parallelism.target_max_block_size);
    const int64_t chunk = ChunkBytes(parallelism.target_max_block_size, parallelism.buffer_bytes);
    return kHeapPerText * std::max(chunk, std::min(file_bytes, whole));
  }

  /// Only what is too large to be parsed at once: each range has types of its own, as a file has.
  bool CanCut(const std::string& path, int64_t file_bytes,
              const ReadParallelism& parallelism) const override {
    return options_.lines && !options_.newlines_in_values && !io::HasCompressedName(path) &&
           file_bytes > WholeBytes(parallelism.target_max_block_size);
  }
  Result<std::unique_ptr<BlockReader>> OpenRange(const std::string& path, const ByteRange& range,
                                                 const ReadOptions& read) const override;

  /// The objects of a file or of a range of it.
  Result<std::unique_ptr<JsonChunker>> OpenChunks(const std::string& path,
                                                  const std::optional<ByteRange>& range,
                                                  const ReadOptions& read) const {
    std::shared_ptr<arrow::io::InputStream> stream;
    if (range) {
      ARROW_ASSIGN_OR_RAISE(auto file, OpenRandomAccess(path, read));
      ARROW_ASSIGN_OR_RAISE(stream, OpenLineRange(std::move(file), *range));
    } else {
      ARROW_ASSIGN_OR_RAISE(stream, OpenStream(path, read));
    }
    const bool split = !options_.lines || options_.newlines_in_values;
    return std::make_unique<JsonChunker>(std::move(stream), split, options_.max_row_bytes,
                                         read.pool);
  }

  /// Rows of whole objects; `schema` nullptr: inferred.
  Result<Block> Parse(const std::shared_ptr<arrow::Buffer>& text,
                      const std::shared_ptr<arrow::Schema>& schema, arrow::MemoryPool* pool) const {
    JsonRows rows(schema, options_.max_keys, pool);
    ARROW_ASSIGN_OR_RAISE(const bool is_usual, rows.Append(*text));
    if (is_usual) {
      ARROW_ASSIGN_OR_RAISE(const auto block, rows.Finish());
      if (block) return *block;
    }
    return ParseByArrow(text, schema, pool);
  }
  Result<Block> ParseByArrow(const std::shared_ptr<arrow::Buffer>& text,
                             const std::shared_ptr<arrow::Schema>& schema,
                             arrow::MemoryPool* pool) const {
    ARROW_RETURN_NOT_OK(CheckJsonDepth(std::string_view(*text)));
    for (int64_t scale = 1;; scale *= 2) {
      auto block = ParseAll(text, schema, scale, pool);
      if (block.ok()) return block;
      const bool too_long = block.status().message().find("straddling object") != std::string::npos;
      if (!too_long || scale * options_.block_size >= kMaxJsonBlock) return block.status();
    }
  }

  const std::shared_ptr<arrow::Schema>& explicit_schema() const { return options_.explicit_schema; }
  int64_t max_keys() const { return options_.max_keys; }

  /// A file with less text is parsed at once.
  static int64_t WholeBytes(int64_t target_max_block_size) {
    return target_max_block_size > 0 ? target_max_block_size / kWholeTextPerTarget : kMaxJsonBlock;
  }
  static int64_t ChunkBytes(int64_t target_max_block_size, int64_t buffer_bytes) {
    int64_t bytes = std::min(buffer_bytes, kMostChunk);
    if (target_max_block_size > 0) bytes = std::min(bytes, target_max_block_size / 2);
    return std::max(bytes, kLeastChunk);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    out.Bool(options_.lines);
    out.Bool(options_.newlines_in_values);
    out.I64(options_.block_size);
    WriteSchema(options_.explicit_schema, &out);
    out.I64(options_.max_row_bytes);
    out.I64(options_.max_keys);
    return out.Take();
  }

 private:
  Result<Block> ParseAll(const std::shared_ptr<arrow::Buffer>& text,
                         const std::shared_ptr<arrow::Schema>& schema, int64_t scale,
                         arrow::MemoryPool* pool) const {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::json::TableReader::Make(
                                           pool, std::make_shared<arrow::io::BufferReader>(text),
                                           ArrowReadOptions(scale), ArrowParseOptions(schema)));
    ARROW_ASSIGN_OR_RAISE(const auto table, reader->Read());
    return Block::FromTable(*table, pool);
  }

  arrow::json::ReadOptions ArrowReadOptions(int64_t scale) const {
    auto options = arrow::json::ReadOptions::Defaults();
    options.use_threads = false;  // tasks are the parallelism
    options.block_size =
        static_cast<int32_t>(std::min(kMaxJsonBlock, std::max(1, options_.block_size) * scale));
    return options;
  }

  arrow::json::ParseOptions ArrowParseOptions(const std::shared_ptr<arrow::Schema>& schema) const {
    auto options = arrow::json::ParseOptions::Defaults();
    options.explicit_schema = schema;
    options.newlines_in_values = options_.newlines_in_values;
    return options;
  }
};

/// The rows of one file, or of a range of it. The types of a file are those of all its rows: a file
/// that is too large to be parsed at once is parsed twice, chunk by chunk, first for its types.
class JsonReader final : public BlockReader {
 public:
  JsonReader(const JsonDatasource& source, std::string path, std::optional<ByteRange> range,
             const ReadOptions& read)
      : source_(source),
        path_(std::move(path)),
        range_(range),
        read_(read),
        whole_bytes_(JsonDatasource::WholeBytes(read.target_max_block_size)),
        chunk_bytes_(JsonDatasource::ChunkBytes(read.target_max_block_size, read.buffer_bytes)) {}

  Result<std::optional<Block>> Next() override {
    if (chunks_ == nullptr) ARROW_RETURN_NOT_OK(Start());
    if (whole_) return std::exchange(whole_, std::nullopt);
    ARROW_ASSIGN_OR_RAISE(const auto text, chunks_->Next(chunk_bytes_));
    if (text == nullptr) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Block block, source_.Parse(text, schema_, read_.pool));
    return block;
  }

 private:
  Status Open() { return source_.OpenChunks(path_, range_, read_).Value(&chunks_); }

  /// Reads a file that is parsed at once; of others, finds the types.
  Status Start() {
    ARROW_RETURN_NOT_OK(Open());
    schema_ = source_.explicit_schema();
    if (schema_ != nullptr) return Status::OK();
    JsonRows rows(nullptr, source_.max_keys(), read_.pool);
    std::shared_ptr<arrow::Buffer> text;
    for (int64_t bytes = 0; bytes < whole_bytes_; bytes += text->size()) {
      // The text of a piece is in the cache when it is parsed, and its memory is used again.
      text.reset();
      ARROW_ASSIGN_OR_RAISE(text, chunks_->Next(std::min(whole_bytes_ - bytes, kPiece)));
      if (text == nullptr) {
        if (rows.num_rows() == 0) return Status::OK();
        ARROW_ASSIGN_OR_RAISE(whole_, rows.Finish());
        return whole_ ? Status::OK() : StartByArrow();
      }
      ARROW_ASSIGN_OR_RAISE(const bool is_usual, rows.Append(*text));
      if (!is_usual) return StartByArrow();
    }
    text.reset();
    ARROW_ASSIGN_OR_RAISE(const auto begin, rows.Finish());
    return begin ? InferSchema(begin->schema()) : StartByArrow();
  }

  Status StartByArrow() {
    ARROW_RETURN_NOT_OK(Open());
    ARROW_ASSIGN_OR_RAISE(const auto text, chunks_->Next(whole_bytes_));
    if (text == nullptr) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(Block begin, source_.ParseByArrow(text, nullptr, read_.pool));
    if (!chunks_->ended()) return InferSchema(begin.schema());
    whole_ = std::move(begin);
    return Status::OK();
  }

  /// `schema` is that of the text so far; goes through the rest, and back to the begin.
  Status InferSchema(std::shared_ptr<arrow::Schema> schema) {
    while (true) {
      if (read_.cancelled != nullptr && *read_.cancelled)
        return Status::Cancelled("read cancelled");
      ARROW_ASSIGN_OR_RAISE(const auto text, chunks_->Next(chunk_bytes_));
      if (text == nullptr) break;
      ARROW_ASSIGN_OR_RAISE(const Block block, source_.Parse(text, nullptr, read_.pool));
      schema = UnifyJsonSchemas(*schema, *block.schema());
      if (schema->num_fields() > source_.max_keys()) {
        return TooManyJsonKeys(schema->num_fields(), source_.max_keys());
      }
    }
    schema_ = std::move(schema);
    return Open();
  }

  const JsonDatasource& source_;
  const std::string path_;
  const std::optional<ByteRange> range_;
  const ReadOptions read_;
  const int64_t whole_bytes_;
  const int64_t chunk_bytes_;
  std::unique_ptr<JsonChunker> chunks_;
  std::shared_ptr<arrow::Schema> schema_;  // nullptr: the file is parsed at once
  std::optional<Block> whole_;             // all of it
};

Result<std::unique_ptr<BlockReader>> JsonDatasource::OpenFile(const std::string& path,
                                                              const ReadOptions& read) const {
  return std::make_unique<JsonReader>(*this, path, std::nullopt, read);
}

Result<std::unique_ptr<BlockReader>> JsonDatasource::OpenRange(const std::string& path,
                                                               const ByteRange& range,
                                                               const ReadOptions& read) const {
  return std::make_unique<JsonReader>(*this, path, range, read);
}

}  // namespace

Result<DatasourcePtr> MakeJsonDatasource(JsonReadOptions options) {
  arrow::util::InitializeUTF8();
  return std::make_shared<JsonDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeJsonDatasource(std::string_view bytes) {
  WireReader in(bytes);
  JsonReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.lines = in.Bool();
  options.newlines_in_values = in.Bool();
  options.block_size = static_cast<int32_t>(in.I64());
  ARROW_ASSIGN_OR_RAISE(options.explicit_schema, ReadSchema(&in));
  options.max_row_bytes = in.I64();
  options.max_keys = in.I64();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeJsonDatasource(std::move(options));
}

}  // namespace headrace::datasource
