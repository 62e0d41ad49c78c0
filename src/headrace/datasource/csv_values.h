// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/data.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/csv_fields.h"

namespace headrace::datasource {

/// A few words that mean something, such as the spellings of null.
class Spellings {
 public:
  explicit Spellings(std::vector<std::string> words);
  bool Contains(std::string_view text) const {
    if (text.empty()) return has_empty_;
    return starts_[static_cast<uint8_t>(text[0])] && Search(text);
  }

 private:
  bool Search(std::string_view text) const;

  const std::vector<std::string> words_;
  std::array<bool, 256> starts_{};  // a word starts with this byte
  bool has_empty_ = false;
};

/// What the text of a column means; the same for all files of a source.
struct CsvMeaning {
  Spellings nulls;
  Spellings trues;
  Spellings falses;
  bool strings_can_be_null;
};

/// Makes columns of fields, as Arrow's CSV reader does: same types, same values. Thread-safe.
class CsvColumns {
 public:
  explicit CsvColumns(CsvMeaning meaning) : meaning_(std::move(meaning)) {}

  /// Whether Convert knows `type`.
  static bool Supports(const arrow::DataType& type);

  /// Column `column` as the first type that all its values have: null, int64, bool, date32,
  /// time32[s], timestamp (s, ns, each without and with time zone), double, string, binary.
  Result<std::shared_ptr<arrow::ArrayData>> Infer(const CsvFields& fields, int column,
                                                  arrow::MemoryPool* pool) const;
  /// Column `column` as `type`. Fails with Invalid naming the first value that is none, and its row
  /// when `first_row` is the number of the first one.
  Result<std::shared_ptr<arrow::ArrayData>> Convert(const CsvFields& fields, int column,
                                                    const std::shared_ptr<arrow::DataType>& type,
                                                    int64_t first_row,
                                                    arrow::MemoryPool* pool) const;

 private:
  const CsvMeaning meaning_;
};

}  // namespace headrace::datasource
