// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::datasource {

/// Bytes that are marked by one word.
inline constexpr uint32_t kCsvStep = 64;

/// What stands in kCsvStep bytes of text, one bit per byte, the first byte lowest.
struct CsvMarks {
  uint64_t ends;  // delimiters and line ends
  uint64_t quotes;
  uint64_t not_ascii;
};

/// Marks `num_steps` times kCsvStep bytes of `text`. Uses the widest vectors of the machine.
void MarkCsv(const char* text, size_t num_steps, char delimiter, char quote, CsvMarks* out);

}  // namespace headrace::datasource
