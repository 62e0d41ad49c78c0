// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <parquet/column_page.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// A data page of a column without nesting.
struct FlatPage {
  int64_t num_rows = 0;
  int64_t num_present = 0;       // rows that are not null
  std::vector<int32_t> present;  // 1 or 0 for each row; empty when no row is null
  bool is_dictionary = false;    // values are indices
  std::span<const uint8_t> values;
};

/// Takes pages apart, one after the other.
class FlatPageParser {
 public:
  explicit FlatPageParser(bool nullable) : nullable_(nullable) {}

  /// `page` and this object outlive `out`, whose memory is reused; so is that of the values.
  Status Parse(const parquet::Page& page, FlatPage* out);

  /// The plain values of a dictionary page, in a buffer of their own.
  static Result<std::shared_ptr<arrow::Buffer>> Dictionary(const parquet::DictionaryPage& page,
                                                           arrow::MemoryPool* pool);

 private:
  const bool nullable_;
};

}  // namespace headrace::datasource
