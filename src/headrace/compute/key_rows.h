// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/compute/hash_key_column.h"

namespace headrace::compute {

/// Keys of several columns as one byte string per row, and back. A row is words (bit i of the first
/// one: column i is null; then the words of fixed columns, for texts their lengths) followed by the
/// texts. Equal rows of keys are equal bytes. At most 64 columns.
class KeyRows {
 public:
  /// `types` as of HashKeyColumn::type().
  explicit KeyRows(const std::vector<std::shared_ptr<arrow::DataType>>& types);

  /// Rows [begin, begin + count) of `keys`, into `rows`; valid until the next call.
  void Encode(std::span<const HashKeyColumn> keys, int64_t begin, int64_t count,
              std::vector<std::string_view>* rows);
  /// One array per column out of rows that Encode made.
  Result<arrow::ArrayVector> Decode(std::span<const std::string_view> rows,
                                    arrow::MemoryPool* pool) const;

 private:
  struct Column {
    std::shared_ptr<arrow::DataType> type;
    bool is_text = false;
    int64_t first_word = 0;
  };
  std::vector<Column> columns_;
  int64_t words_per_row_ = 1;
  bool has_text_ = false;
  std::vector<uint64_t> words_;
  std::vector<char> bytes_;
};

/// Array of `type` (a string, binary or fixed-size binary type) with the values `texts`; rows whose
/// bit in `validity` is 0 are null, nullptr: none is. CapacityError when 2 GiB are too little.
Result<std::shared_ptr<arrow::Array>> ArrayOfTexts(const std::shared_ptr<arrow::DataType>& type,
                                                   std::span<const std::string_view> texts,
                                                   const uint8_t* validity,
                                                   arrow::MemoryPool* pool);

}  // namespace headrace::compute
