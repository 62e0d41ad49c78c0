// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// The cells of one column as contents of files. One thread.
class CellEncoder {
 public:
  virtual ~CellEncoder() = default;
  /// Puts the content for `row`, which is not null, into `out`.
  virtual Status Encode(int64_t row, std::string* out) const = 0;
};

/// The encoder of `column`, by the last part of its name: bytes and text as they are; cls and cls2:
/// integers as digits; json: any value; npy: numbers, lists and tensors; jpg, jpeg and png: tensors
/// of uint8. `encode` false: bytes and text only. Fails with TypeError naming the column.
Result<std::unique_ptr<CellEncoder>> MakeCellEncoder(const std::string& name,
                                                     const std::shared_ptr<arrow::Array>& column,
                                                     bool encode);

}  // namespace headrace::datasource
