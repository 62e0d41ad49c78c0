// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>

#include "headrace/base/status.h"
#include "headrace/datasource/string_codes.h"

namespace headrace::datasource {

/// A column of strings on its way into Parquet: those with few values become indices into one
/// dictionary for each row group. Arrow's writer hashes every string that it is given and looks for
/// bounds among them, and writes no dictionary any more when a second one comes. One thread.
class RepeatedStrings {
 public:
  /// The rows of `column` (strings, binaries, or dictionary arrays of them) as the writer should
  /// get them: a dictionary array, or the strings where they have values that the row group's
  /// dictionary lacks.
  Result<std::shared_ptr<arrow::Array>> Encode(const std::shared_ptr<arrow::Array>& column,
                                               bool begins_row_group, arrow::MemoryPool* pool);

 private:
  /// Codes for all rows; false when there are too many values.
  Result<bool> EncodeRows(const arrow::Array& column, int32_t* out);

  StringCodes codes_;
  std::shared_ptr<arrow::Array> dictionary_;  // of the row group; nullptr: none
  bool has_many_values_ = false;
};

}  // namespace headrace::datasource
