// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Header of a .npy file, format versions 1 to 3.
struct NpyHeader {
  std::shared_ptr<arrow::DataType> type;  // of one element
  bool fortran_order = false;
  std::vector<int64_t> shape;  // empty: one scalar
  int64_t data_offset = 0;     // bytes before the elements
};

/// Reads the header at the start of `bytes`. Fails with Invalid for what is no .npy file, for
/// object arrays (they are pickles) and for element types that Arrow cannot hold or that are not
/// little-endian.
Result<NpyHeader> ParseNpyHeader(std::string_view bytes);

/// Header for a C-ordered array of `type` and `shape`, padded as NumPy does: it is equally long
/// however many rows there are. Fails with TypeError
/// for types without a NumPy counterpart.
Result<std::string> FormatNpyHeader(const arrow::DataType& type, const std::vector<int64_t>& shape);

}  // namespace headrace::datasource
