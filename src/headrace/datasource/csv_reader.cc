// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/csv_reader.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace headrace::datasource {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr std::string_view kLineEnds = "\r\n";

CsvDialect DialectOf(const CsvReadOptions& options) {
  return {options.delimiter, options.quote_char, options.double_quote};
}

Status Explain(const Status& status, const std::string& column) {
  return status.WithMessage("In CSV column \"", column, "\": ", status.message(),
                            "; the types of a file are those of its first rows, others can be "
                            "given as column_types in ConvertOptions");
}

/// The size of the file where that is the size of the text.
Result<int64_t> SizeOf(arrow::io::InputStream* stream) {
  auto* const file = dynamic_cast<arrow::io::RandomAccessFile*>(stream);
  return file == nullptr ? INT64_MAX : file->GetSize();
}

}  // namespace

bool CsvReader::Supports(const CsvReadOptions& options) {
  const bool knows_types = std::ranges::all_of(options.column_types, [](const auto& column) {
    return CsvColumns::Supports(*column.second);
  });
  const bool is_plain = !options.escape_char && !options.newlines_in_values &&
                        options.ignore_empty_lines && options.skip_rows == 0 &&
                        options.skip_rows_after_names == 0 && !options.autogenerate_column_names;
  const bool has_clear_marks = kLineEnds.find(options.delimiter) == std::string_view::npos &&
                               kLineEnds.find(options.quote_char) == std::string_view::npos &&
                               options.delimiter != options.quote_char;
  return knows_types && is_plain && has_clear_marks;
}

CsvReader::CsvReader(const CsvReadOptions& options, const CsvColumns& columns,
                     std::shared_ptr<arrow::io::InputStream> stream,
                     std::shared_ptr<arrow::io::InputStream> range, int64_t piece_bytes,
                     arrow::MemoryPool* pool)
    : options_(options),
      columns_(columns),
      stream_(std::move(stream)),
      range_(std::move(range)),
      piece_bytes_(piece_bytes),
      pool_(pool),
      fields_(DialectOf(options)) {}

Result<std::optional<Block>> CsvReader::Next() {
  if (num_columns_ == 0) {
    ARROW_ASSIGN_OR_RAISE(const bool has_header, ReadHeader());
    if (!has_header) return std::nullopt;
  }
  if (range_ != nullptr) ARROW_RETURN_NOT_OK(GoToRange());
  ARROW_ASSIGN_OR_RAISE(const bool has_rows, NextRows());
  // A file with nothing but a header still tells its columns.
  if (!has_rows && gave_block_) return std::nullopt;
  gave_block_ = true;
  return MakeBlock();
}

Result<bool> CsvReader::NextRows() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool has_text, NextPiece());
    ARROW_RETURN_NOT_OK(fields_.Parse(piece_.data(), static_cast<uint32_t>(piece_.size()),
                                      num_columns_, file_ended_, rows_given_ + 1));
    if (!has_text || fields_.num_rows() > 0) return has_text;
  }
}

Status CsvReader::GoToRange() {
  ARROW_ASSIGN_OR_RAISE(const bool has_rows, NextRows());
  if (has_rows) ARROW_RETURN_NOT_OK(MakeBlock().status());
  rows_given_ = 0;
  stream_ = std::exchange(range_, nullptr);
  file_ended_ = false;
  filled_ = used_ = 0;
  return Status::OK();
}

Result<bool> CsvReader::ReadHeader() {
  ARROW_RETURN_NOT_OK(FillBuffer());
  const std::string_view text(buffer_->data_as<char>(), static_cast<size_t>(filled_));
  if (text.starts_with(kByteOrderMark)) used_ = kByteOrderMark.size();
  if (used_ == filled_) return false;
  std::vector<std::string> names = options_.column_names;
  if (names.empty()) {
    ARROW_RETURN_NOT_OK(fields_.Parse(text.data() + used_, static_cast<uint32_t>(filled_ - used_),
                                      /*num_columns=*/0, /*is_final=*/false, /*first_row=*/0,
                                      /*max_rows=*/1));
    if (fields_.num_rows() == 0) {
      return Status::Invalid(
          "CSV parse error: Empty CSV file or block: cannot infer number of columns");
    }
    for (int i = 0; i < fields_.num_columns(); ++i) {
      names.emplace_back(fields_.value(fields_.field(0, i)));
    }
    used_ += fields_.parsed_bytes();
  }
  ARROW_RETURN_NOT_OK(ChooseColumns(names));
  num_columns_ = static_cast<int>(names.size());
  return true;
}

Status CsvReader::ChooseColumns(const std::vector<std::string>& names) {
  const auto add = [&](size_t column) {
    const auto type = options_.column_types.find(names[column]);
    targets_.push_back({static_cast<int>(column), names[column],
                        type == options_.column_types.end() ? nullptr : type->second});
  };
  if (options_.include_columns.empty()) {
    for (size_t i = 0; i < names.size(); ++i) add(i);
  }
  for (const std::string& name : options_.include_columns) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end()) {
      return Status::KeyError("Column '", name, "' in include_columns does not exist in CSV file");
    }
    add(static_cast<size_t>(found - names.begin()));
  }
  return Status::OK();
}

Result<bool> CsvReader::NextPiece() {
  const auto whole_lines = [&]() -> size_t {
    const std::string_view text(buffer_->data_as<char>() + used_,
                                static_cast<size_t>(filled_ - used_));
    // npos + 1 is 0: no line has ended.
    return file_ended_ ? text.size() : text.find_last_of(kLineEnds) + 1;
  };
  size_t size = whole_lines();
  while (size == 0 && !file_ended_) {
    ARROW_RETURN_NOT_OK(FillBuffer());
    size = whole_lines();
  }
  piece_ = {buffer_->data_as<char>() + used_, size};
  used_ += static_cast<int64_t>(size);
  return size > 0;
}

Status CsvReader::FillBuffer() {
  const int64_t rest = filled_ - used_;
  int64_t capacity = piece_bytes_;
  if (buffer_ == nullptr) {
    // One byte more than the file has, to see that it ends there.
    ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, SizeOf(stream_.get()));
    if (file_bytes < piece_bytes_) capacity = file_bytes + 1;
    ARROW_ASSIGN_OR_RAISE(buffer_, arrow::AllocateResizableBuffer(capacity + kCsvPadding, pool_));
  } else if (rest >= buffer_->size() - kCsvPadding) {  // a row that is longer than the buffer
    capacity = std::min<int64_t>(2 * rest, options_.block_size);
    if (capacity <= rest) {
      return Status::Invalid(
          "CSV row longer than ", rest,
          " bytes; where that is right, give a larger block_size in ReadOptions");
    }
    ARROW_RETURN_NOT_OK(buffer_->Resize(capacity + kCsvPadding));
  }
  capacity = buffer_->size() - kCsvPadding;
  char* const text = buffer_->mutable_data_as<char>();
  std::memmove(text, text + used_, static_cast<size_t>(rest));
  used_ = 0;
  filled_ = rest;
  while (filled_ < capacity) {
    ARROW_ASSIGN_OR_RAISE(const int64_t size, stream_->Read(capacity - filled_, text + filled_));
    if (size == 0) {
      file_ended_ = true;
      break;
    }
    filled_ += size;
  }
  return Status::OK();
}

Result<Block> CsvReader::MakeBlock() {
  const int64_t num_rows = fields_.num_rows();
  arrow::ArrayDataVector arrays;
  arrays.reserve(targets_.size());
  for (Target& target : targets_) {
    if (target.type == nullptr) {
      ARROW_ASSIGN_OR_RAISE(auto array, columns_.Infer(fields_, target.column, pool_));
      target.type = array->type;
      arrays.push_back(std::move(array));
      continue;
    }
    auto array = columns_.Convert(fields_, target.column, target.type, rows_given_ + 1, pool_);
    if (!array.ok()) return Explain(array.status(), target.name);
    arrays.push_back(*std::move(array));
  }
  if (schema_ == nullptr) {
    arrow::FieldVector fields;
    for (const Target& target : targets_) fields.push_back(arrow::field(target.name, target.type));
    schema_ = arrow::schema(std::move(fields));
  }
  rows_given_ += num_rows;
  return Block(arrow::RecordBatch::Make(schema_, num_rows, std::move(arrays)));
}

}  // namespace headrace::datasource
