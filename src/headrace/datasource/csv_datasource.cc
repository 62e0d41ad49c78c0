// SPDX-License-Identifier: Apache-2.0
#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/arrow_wire.h"
#include "headrace/datasource/csv_reader.h"
#include "headrace/datasource/csv_values.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/text_encoding.h"
#include "headrace/datasource/text_formats.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

// Arrow's reader has a few blocks of text under way: read, parsed (as offsets) and converted.
constexpr int64_t kHeapPerParsedByte = 8;

/// For the options that CsvReader does not know.
class ArrowCsvReader final : public BlockReader {
 public:
  explicit ArrowCsvReader(std::shared_ptr<arrow::csv::StreamingReader> reader)
      : reader_(std::move(reader)) {}

  Result<std::optional<Block>> Next() override {
    ARROW_ASSIGN_OR_RAISE(auto batch, reader_->Next());
    if (batch == nullptr) {
      // A file with nothing but a header still tells its columns.
      if (std::exchange(gave_block_, true)) return std::nullopt;
      ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(reader_->schema()));
    }
    gave_block_ = true;
    return Block(std::move(batch));
  }

 private:
  std::shared_ptr<arrow::csv::StreamingReader> reader_;
  bool gave_block_ = false;
};

class CsvDatasource final : public FileFormat<CsvDatasource, CsvReadOptions> {
 public:
  explicit CsvDatasource(CsvReadOptions options)
      : FileFormat(std::move(options)), columns_(MeaningOf(ArrowConvertOptions())) {}

  std::string_view kind() const override { return "csv"; }
  std::string name() const override { return "ReadCSV"; }
  // Numbers as text take about as many bytes as int64 and double do.
  double expansion() const override { return 1; }

  DatasourcePtr WithColumns(const std::vector<std::string>& columns) const override {
    // Columns of the path are made elsewhere, and CSV columns are known only by reading.
    if (files().include_paths || files().partitioning.style != Partitioning::Style::kNone ||
        columns.empty()) {
      return nullptr;
    }
    CsvReadOptions options = options_;
    options.include_columns = columns;
    return std::make_shared<CsvDatasource>(std::move(options));
  }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    ARROW_ASSIGN_OR_RAISE(auto stream, OpenStream(path, read));
    ARROW_ASSIGN_OR_RAISE(stream, DecodeToUtf8(std::move(stream), options_.encoding));
    if (CsvReader::Supports(options_)) return MakeReader(std::move(stream), nullptr, read);
    // An empty file has no rows; Arrow calls it an error.
    ARROW_ASSIGN_OR_RAISE(stream, WithoutEmptyInput(std::move(stream)));
    if (stream == nullptr) return std::make_unique<NoRows>();
    auto reader = arrow::csv::StreamingReader::Make(arrow::io::IOContext(read.pool), stream,
                                                    ArrowReadOptions(read), ArrowParseOptions(),
                                                    ArrowConvertOptions());
    if (!reader.ok() && reader.status().message().starts_with("Empty CSV file")) {
      return std::make_unique<NoRows>();
    }
    ARROW_RETURN_NOT_OK(reader.status());
    return std::make_unique<ArrowCsvReader>(*std::move(reader));
  }

  bool CanCut(const std::string& path, int64_t, const ReadParallelism&) const override {
    // Other encodings are decoded on the way, and may have line ends inside of characters.
    return CsvReader::Supports(options_) && IsUtf8(options_.encoding) &&
           !io::HasCompressedName(path);
  }

  Result<std::unique_ptr<BlockReader>> OpenRange(const std::string& path, const ByteRange& range,
                                                 const ReadOptions& read) const override {
    ARROW_ASSIGN_OR_RAISE(auto file, OpenRandomAccess(path, read));
    ARROW_ASSIGN_OR_RAISE(auto lines, OpenLineRange(std::move(file), range));
    if (range.begin == 0) return MakeReader(std::move(lines), nullptr, read);
    ARROW_ASSIGN_OR_RAISE(auto head, OpenStream(path, read));
    return MakeReader(std::move(head), std::move(lines), read);
  }

  int64_t FileHeapBytes(int64_t, const ReadParallelism& parallelism) const override {
    return kHeapPerParsedByte * ParseBytes(parallelism.buffer_bytes);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    out.I64(options_.delimiter);
    out.I64(options_.quote_char);
    out.Bool(options_.double_quote);
    out.Bool(options_.escape_char.has_value());
    out.I64(options_.escape_char.value_or(0));
    out.Bool(options_.newlines_in_values);
    out.Bool(options_.ignore_empty_lines);
    out.I64(options_.skip_rows);
    out.I64(options_.skip_rows_after_names);
    out.Strs(options_.column_names);
    out.Bool(options_.autogenerate_column_names);
    out.Str(options_.encoding);
    out.I64(options_.block_size);
    out.U64(options_.column_types.size());
    for (const auto& [name, type] : options_.column_types) {
      out.Str(name);
      WriteType(type, &out);
    }
    out.Strs(options_.null_values);
    out.Strs(options_.true_values);
    out.Strs(options_.false_values);
    out.Bool(options_.strings_can_be_null);
    out.Strs(options_.include_columns);
    return out.Take();
  }

 private:
  class NoRows final : public BlockReader {
   public:
    Result<std::optional<Block>> Next() override { return std::nullopt; }
  };

  static Result<std::shared_ptr<arrow::io::InputStream>> WithoutEmptyInput(
      std::shared_ptr<arrow::io::InputStream> stream) {
    auto peeked = stream->Peek(1);
    // Streams that cannot peek go to the parser as they are.
    if (peeked.ok() && peeked->empty()) return nullptr;
    return stream;
  }

  std::unique_ptr<BlockReader> MakeReader(std::shared_ptr<arrow::io::InputStream> stream,
                                          std::shared_ptr<arrow::io::InputStream> range,
                                          const ReadOptions& read) const {
    return std::make_unique<CsvReader>(options_, columns_, std::move(stream), std::move(range),
                                       ParseBytes(read.buffer_bytes), read.pool);
  }

  /// Bytes that are parsed at a time.
  int64_t ParseBytes(int64_t buffer_bytes) const {
    return std::clamp<int64_t>(buffer_bytes, 1, std::max(1, options_.block_size));
  }

  arrow::csv::ReadOptions ArrowReadOptions(const ReadOptions& read) const {
    auto options = arrow::csv::ReadOptions::Defaults();
    options.use_threads = false;  // tasks are the parallelism
    options.block_size = static_cast<int32_t>(ParseBytes(read.buffer_bytes));
    options.skip_rows = options_.skip_rows;
    options.skip_rows_after_names = options_.skip_rows_after_names;
    options.column_names = options_.column_names;
    options.autogenerate_column_names = options_.autogenerate_column_names;
    return options;
  }

  arrow::csv::ParseOptions ArrowParseOptions() const {
    auto options = arrow::csv::ParseOptions::Defaults();
    options.delimiter = options_.delimiter;
    options.quoting = options_.quote_char != '\0';
    options.quote_char = options_.quote_char;
    options.double_quote = options_.double_quote;
    options.escaping = options_.escape_char.has_value();
    options.escape_char = options_.escape_char.value_or('\\');
    options.newlines_in_values = options_.newlines_in_values;
    options.ignore_empty_lines = options_.ignore_empty_lines;
    return options;
  }

  arrow::csv::ConvertOptions ArrowConvertOptions() const {
    auto options = arrow::csv::ConvertOptions::Defaults();
    for (const auto& [name, type] : options_.column_types) options.column_types[name] = type;
    if (!options_.null_values.empty()) options.null_values = options_.null_values;
    if (!options_.true_values.empty()) options.true_values = options_.true_values;
    if (!options_.false_values.empty()) options.false_values = options_.false_values;
    options.strings_can_be_null = options_.strings_can_be_null;
    options.include_columns = options_.include_columns;
    return options;
  }

  static CsvMeaning MeaningOf(const arrow::csv::ConvertOptions& options) {
    return {Spellings(options.null_values), Spellings(options.true_values),
            Spellings(options.false_values), options.strings_can_be_null};
  }

  const CsvColumns columns_;
};

}  // namespace

Result<DatasourcePtr> MakeCsvDatasource(CsvReadOptions options) {
  ARROW_RETURN_NOT_OK(CheckEncoding(options.encoding));
  return std::make_shared<CsvDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeCsvDatasource(std::string_view bytes) {
  WireReader in(bytes);
  CsvReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.delimiter = static_cast<char>(in.I64());
  options.quote_char = static_cast<char>(in.I64());
  options.double_quote = in.Bool();
  const bool has_escape = in.Bool();
  const char escape = static_cast<char>(in.I64());
  if (has_escape) options.escape_char = escape;
  options.newlines_in_values = in.Bool();
  options.ignore_empty_lines = in.Bool();
  options.skip_rows = static_cast<int32_t>(in.I64());
  options.skip_rows_after_names = static_cast<int32_t>(in.I64());
  options.column_names = in.Strs();
  options.autogenerate_column_names = in.Bool();
  options.encoding = in.Str();
  options.block_size = static_cast<int32_t>(in.I64());
  for (uint64_t left = in.Count(); left > 0; --left) {
    std::string name = in.Str();
    ARROW_ASSIGN_OR_RAISE(options.column_types[std::move(name)], ReadType(&in));
  }
  options.null_values = in.Strs();
  options.true_values = in.Strs();
  options.false_values = in.Strs();
  options.strings_can_be_null = in.Bool();
  options.include_columns = in.Strs();
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeCsvDatasource(std::move(options));
}

}  // namespace headrace::datasource
