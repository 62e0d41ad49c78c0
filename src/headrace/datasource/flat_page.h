// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/column_page.h>
#include <parquet/column_reader.h>

#include <cstdint>
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

/// Takes a page apart. `page` outlives `out`, whose memory is reused.
Status ParseFlatPage(const parquet::Page& page, bool nullable, FlatPage* out);

}  // namespace headrace::datasource
