// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/csv_fields.h"

#include <algorithm>
#include <array>
#include <bit>

#include "headrace/datasource/csv_marks.h"

namespace headrace::datasource {
namespace {

constexpr size_t kStepsAtOnce = 32;      // 2 KiB of text are marked before they are cut
constexpr size_t kMostQuotedBytes = 80;  // of a row in a message

/// Bit i is the parity of the bits up to i: set from each odd one up to the one before the next.
uint64_t ParityUpTo(uint64_t bits) {
  for (int shift = 1; shift < 64; shift *= 2) bits ^= bits << shift;
  return bits;
}

}  // namespace

/// Takes the fields one by one and counts rows.
class CsvFields::Rows {
 public:
  Rows(CsvFields* out, int num_columns, int64_t first_row, int64_t max_rows)
      : out_(*out), num_columns_(num_columns), first_row_(first_row), max_rows_(max_rows) {}

  void Reserve(size_t fields) {
    if (out_.fields_.size() < used_ + fields) {
      out_.fields_.resize(std::max(out_.fields_.size() * 2, used_ + fields));
    }
  }
  void Add(uint32_t begin, uint32_t size, bool quoted) {
    out_.fields_[used_++] = {begin, size, quoted};
  }
  bool at_line_begin() const { return used_ == line_; }

  /// The line goes from `begin` to `end` in `text`. False: that was the last row.
  Result<bool> EndLine(const char* text, uint32_t begin, uint32_t end) {
    const auto columns = static_cast<int>(used_ - line_);
    if (num_columns_ == 0) num_columns_ = columns;
    if (columns != num_columns_) {
      std::string_view line(text + begin, end - begin);
      if (line.size() > kMostQuotedBytes) line = line.substr(0, kMostQuotedBytes);
      return Status::Invalid("CSV parse error: Expected ", num_columns_, " columns, got ", columns,
                             ": ", line, " (row ", first_row_ + num_rows_, ")");
    }
    line_ = used_;
    return ++num_rows_ < max_rows_;
  }

  int num_columns() const { return num_columns_; }
  int64_t num_rows() const { return num_rows_; }

 private:
  CsvFields& out_;
  int num_columns_;
  const int64_t first_row_;
  const int64_t max_rows_;
  size_t used_ = 0;
  size_t line_ = 0;  // first field of the current line
  int64_t num_rows_ = 0;
};

Status CsvFields::Parse(const char* text, uint32_t size, int num_columns, bool is_final,
                        int64_t first_row, int64_t max_rows) {
  const auto finish = [this](const Rows& rows) {
    num_rows_ = rows.num_rows();
    num_columns_ = rows.num_columns();
    return Status::OK();
  };
  Rows rows(this, num_columns, first_row, max_rows);
  ARROW_ASSIGN_OR_RAISE(const bool regular, ParseRegular(text, size, &rows));
  if (regular) return finish(rows);
  Rows again(this, num_columns, first_row, max_rows);
  ARROW_RETURN_NOT_OK(ParseLoosely(text, size, is_final, &again));
  return finish(again);
}

Result<bool> CsvFields::ParseRegular(const char* text, uint32_t size, Rows* rows) {
  const char quote = dialect_.quote;
  uint64_t in_quotes = 0;  // all ones while a quote is open
  uint64_t may_open = 1;   // the byte before the step ends a field (bit 0)
  uint64_t closed = 0;     // … or closes a quote
  uint64_t not_ascii = 0;
  uint32_t field = 0;  // begin of the current one
  uint32_t line = 0;
  bytes_ = text;
  parsed_bytes_ = size;
  std::array<CsvMarks, kStepsAtOnce> steps;
  size_t step = kStepsAtOnce;
  for (uint32_t at = 0; at < size; at += kCsvStep) {
    if (step == kStepsAtOnce) {
      const size_t steps_left = (size - at + kCsvStep - 1) / kCsvStep;
      MarkCsv(text + at, std::min(steps_left, kStepsAtOnce), dialect_.delimiter, quote,
              steps.data());
      step = 0;
    }
    CsvMarks marks = steps[step++];
    const uint64_t valid = size - at < kCsvStep ? (uint64_t{1} << (size - at)) - 1 : ~uint64_t{0};
    if (size - at < kCsvStep) {
      marks.ends &= valid;
      marks.quotes &= valid;
      marks.not_ascii &= valid;
    }
    not_ascii |= marks.not_ascii;
    uint64_t ends = marks.ends;
    if (quote != '\0' && (marks.quotes | in_quotes | closed) != 0) {
      const uint64_t inside = ParityUpTo(marks.quotes) ^ in_quotes;
      ends &= ~inside;
      const uint64_t opens = marks.quotes & inside;
      const uint64_t closes = marks.quotes & ~inside;
      const uint64_t after_close = closes << 1 | closed;
      // A quote opens a value or stands after one that has just closed: both are one quote in the
      // value, which has to be copied then. After a closing quote the value ends.
      if (((opens & ~(ends << 1 | may_open)) | (after_close & ~ends & valid)) != 0) return false;
      closed = closes >> 63;
      in_quotes = static_cast<uint64_t>(static_cast<int64_t>(inside) >> 63);
    }
    may_open = ends >> 63;
    rows->Reserve(kCsvStep + 1);
    while (ends != 0) {
      const uint32_t end = at + static_cast<uint32_t>(std::countr_zero(ends));
      ends &= ends - 1;
      const bool is_line_end = text[end] != dialect_.delimiter;
      if (is_line_end && end == field && rows->at_line_begin()) {  // empty, or the \n after a \r
        field = line = end + 1;
        continue;
      }
      const bool quoted = text[field] == quote && quote != '\0' && end != field;
      rows->Add(field + quoted, end - field - 2 * quoted, quoted);
      field = end + 1;
      if (!is_line_end) continue;
      ARROW_ASSIGN_OR_RAISE(const bool more, rows->EndLine(text, line, end));
      line = field;
      if (!more) {
        parsed_bytes_ = field;
        return true;
      }
    }
  }
  if (in_quotes != 0) return false;
  if (field < size || !rows->at_line_begin()) {  // a last line without its end
    rows->Reserve(1);
    const bool quoted = field < size && text[field] == quote && quote != '\0';
    rows->Add(field + quoted, size - field - 2 * quoted, quoted);
    ARROW_RETURN_NOT_OK(rows->EndLine(text, line, size));
  }
  is_ascii_ = not_ascii == 0;
  return true;
}

Status CsvFields::ParseLoosely(const char* text, uint32_t size, bool is_final, Rows* rows) {
  unescaped_.resize(size + kCsvPadding);
  char* const out = unescaped_.data();
  uint32_t used = 0;
  uint32_t at = 0;
  bool not_ascii = false;
  bool more = true;
  while (at < size && more) {
    if (text[at] == '\n' || text[at] == '\r') {  // empty, or the \n after a \r
      ++at;
      continue;
    }
    const uint32_t line = at;
    for (bool line_ended = false; !line_ended;) {
      const uint32_t begin = used;
      const bool quoted = at < size && dialect_.quote != '\0' && text[at] == dialect_.quote;
      bool in_quotes = quoted;
      at += quoted;
      uint32_t end = size;
      for (; at < size; ++at) {
        const char c = text[at];
        if (in_quotes) {
          if (c == dialect_.quote) {
            const bool doubled =
                dialect_.double_quote && at + 1 < size && text[at + 1] == dialect_.quote;
            if (!doubled) {
              in_quotes = false;
              continue;
            }
            ++at;
          }
        } else if (c == dialect_.delimiter || c == '\n' || c == '\r') {
          end = at;
          break;
        }
        not_ascii |= (c & 0x80) != 0;
        out[used++] = c;
      }
      if (in_quotes && !is_final) {
        return Status::Invalid(
            "CSV parse error: a quoted value does not end with its line; where values have line "
            "ends in them, set newlines_in_values in ParseOptions");
      }
      rows->Reserve(1);
      rows->Add(begin, used - begin, quoted);
      line_ended = end == size || text[end] != dialect_.delimiter;
      at = end + (end < size);
      if (line_ended) {
        ARROW_ASSIGN_OR_RAISE(more, rows->EndLine(text, line, end));
      }
    }
  }
  parsed_bytes_ = at;
  bytes_ = out;
  is_ascii_ = !not_ascii;
  return Status::OK();
}

}  // namespace headrace::datasource
