// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/table.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/arrow_wire.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/json_lines.h"
#include "headrace/datasource/text_formats.h"
#include "headrace/io/listing.h"

namespace headrace::datasource {
namespace {

// Arrow parses block by block and gives up on a row that is longer than one; then it is retried
// with blocks twice as large, up to this.
constexpr int64_t kMaxJsonBlock = int64_t{1} << 30;

class JsonReader final : public BlockReader {
 public:
  explicit JsonReader(std::shared_ptr<arrow::json::StreamingReader> reader)
      : reader_(std::move(reader)) {}

  Result<std::optional<Block>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (batch == nullptr) return std::nullopt;
    return Block(std::move(batch));
  }

 private:
  std::shared_ptr<arrow::json::StreamingReader> reader_;
};

class TableReader final : public BlockReader {
 public:
  explicit TableReader(std::optional<Block> block) : block_(std::move(block)) {}
  Result<std::optional<Block>> Next() override { return std::exchange(block_, std::nullopt); }

 private:
  std::optional<Block> block_;
};

class JsonDatasource final : public FileDatasource {
 public:
  explicit JsonDatasource(JsonReadOptions options)
      : FileDatasource(options.files), options_(std::move(options)) {}

  std::string_view kind() const override { return "json"; }
  std::string name() const override { return "ReadJSON"; }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    // The types of a file are those of all its rows: streaming would fix them by its first block,
    // so the file is parsed as a whole unless the schema is given.
    if (options_.lines && options_.explicit_schema != nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto stream, io::OpenStream(path, /*decompress=*/true));
      ARROW_ASSIGN_OR_RAISE(auto reader, arrow::json::StreamingReader::Make(
                                             std::move(stream), ArrowReadOptions(1),
                                             ArrowParseOptions(), arrow::io::IOContext(read.pool)));
      return std::make_unique<JsonReader>(std::move(reader));
    }
    ARROW_ASSIGN_OR_RAISE(auto text, ReadWholeFile(path, /*decompress=*/true, read.pool));
    if (!options_.lines) {
      ARROW_ASSIGN_OR_RAISE(text, ToJsonLines(std::move(text)));
    }
    const std::string_view view(*text);
    if (view.find_first_not_of(" \t\r\n") == std::string_view::npos) {
      return std::make_unique<TableReader>(std::nullopt);
    }
    for (int64_t scale = 1;; scale *= 2) {
      auto block = ParseAll(text, scale, read.pool);
      if (block.ok()) return std::make_unique<TableReader>(*std::move(block));
      const bool too_long = block.status().message().find("straddling object") != std::string::npos;
      if (!too_long || scale * options_.block_size >= kMaxJsonBlock) return block.status();
    }
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    out.Bool(options_.lines);
    out.Bool(options_.newlines_in_values);
    out.I64(options_.block_size);
    WriteSchema(options_.explicit_schema, &out);
    return out.Take();
  }

 private:
  Result<Block> ParseAll(const std::shared_ptr<arrow::Buffer>& text, int64_t scale,
                         arrow::MemoryPool* pool) const {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::json::TableReader::Make(
                                           pool, std::make_shared<arrow::io::BufferReader>(text),
                                           ArrowReadOptions(scale), ArrowParseOptions()));
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

  arrow::json::ParseOptions ArrowParseOptions() const {
    auto options = arrow::json::ParseOptions::Defaults();
    options.explicit_schema = options_.explicit_schema;
    options.newlines_in_values = options_.newlines_in_values;
    return options;
  }

  const JsonReadOptions options_;
};

}  // namespace

Result<DatasourcePtr> MakeJsonDatasource(JsonReadOptions options) {
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
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeJsonDatasource(std::move(options));
}

}  // namespace headrace::datasource
