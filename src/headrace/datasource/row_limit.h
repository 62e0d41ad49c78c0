// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Longest line or JSON object, unless the user says otherwise: a string column ends at 2 GiB.
inline constexpr int64_t kDefaultMaxTextRowBytes = int64_t{1} << 30;
/// Most different keys of JSON objects, unless the user says otherwise.
inline constexpr int64_t kDefaultMaxJsonKeys = 10'000;

/// `row` ("line 7") has no end within `max_bytes`.
inline Status RowTooLong(const std::string& row, int64_t max_bytes) {
  return Status::Invalid(row, " does not end within ", max_bytes,
                         " bytes (DataContext.max_text_row_bytes). Is it a file of lines? "
                         "read_binary_files takes any file as a whole");
}

}  // namespace headrace::datasource
