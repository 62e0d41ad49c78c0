// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Bytes that must be readable behind a text that is parsed.
inline constexpr int64_t kCsvPadding = 64;

/// Where a value stands in a CSV text, without its quotes.
struct CsvField {
  uint32_t begin;
  uint32_t size : 31;
  uint32_t quoted : 1;
};

struct CsvDialect {
  char delimiter = ',';
  char quote = '"';  // '\0': none
  bool double_quote = true;
};

/// The values of a piece of CSV text that begins at the begin of a line. Lines end with \n, \r or
/// \r\n; empty ones are no rows. A value that starts with a quote goes on over delimiters and line
/// ends until its closing quote, as in Arrow's parser. One thread; used again for the next text, so
/// that its memory is allocated once.
class CsvFields {
 public:
  explicit CsvFields(const CsvDialect& dialect) : dialect_(dialect) {}

  /// Reads `size` bytes of `text`, behind which kCsvPadding bytes can be read (their values do not
  /// matter). `text` stays borrowed until the next call. `num_columns` 0: as many as the first row
  /// has. `max_rows` rows are read at most. Fails with Invalid where a row has another number of
  /// columns, quoting it with its number, that of the first one being `first_row`; and where a
  /// quote is still open at the end (unless `is_final`).
  Status Parse(const char* text, uint32_t size, int num_columns, bool is_final, int64_t first_row,
               int64_t max_rows = INT64_MAX);

  int64_t num_rows() const { return num_rows_; }
  int num_columns() const { return num_columns_; }
  /// Bytes that the rows take; less than `size` where max_rows ended them.
  uint32_t parsed_bytes() const { return parsed_bytes_; }
  /// All bytes are ASCII.
  bool is_ascii() const { return is_ascii_; }

  /// Fields row by row.
  const CsvField* fields() const { return fields_.data(); }
  const CsvField& field(int64_t row, int column) const {
    return fields_[row * num_columns_ + column];
  }
  /// What `begin` of the fields counts from.
  const char* bytes() const { return bytes_; }
  std::string_view value(const CsvField& field) const { return {bytes_ + field.begin, field.size}; }

 private:
  class Rows;

  /// 64 bytes at a time. False: quotes stand where only ParseLoosely understands them.
  Result<bool> ParseRegular(const char* text, uint32_t size, Rows* rows);
  /// Byte by byte; values are copied, since quotes may stand in the middle of them.
  Status ParseLoosely(const char* text, uint32_t size, bool is_final, Rows* rows);

  const CsvDialect dialect_;
  std::vector<CsvField> fields_;
  std::vector<char> unescaped_;  // all values, where some of them have quotes inside
  const char* bytes_ = nullptr;
  int64_t num_rows_ = 0;
  int num_columns_ = 0;
  uint32_t parsed_bytes_ = 0;
  bool is_ascii_ = true;
};

}  // namespace headrace::datasource
