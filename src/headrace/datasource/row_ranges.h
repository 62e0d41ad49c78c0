// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// Rows of a row group as ranges: ascending, and no two of them touch.
class RowRanges {
 public:
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
    bool operator==(const Range&) const = default;
  };

  RowRanges() = default;
  explicit RowRanges(int64_t num_rows) { Add(0, num_rows); }

  /// Rows [begin, end), not before those that are there already.
  void Add(int64_t begin, int64_t end);
  const std::vector<Range>& ranges() const { return ranges_; }

  RowRanges Intersect(const RowRanges& other) const;
  RowRanges Unite(const RowRanges& other) const;

  /// Those of the rows [first_row, first_row + num_rows), counted from first_row.
  RowSelection Within(int64_t first_row, int64_t num_rows) const;

 private:
  std::vector<Range> ranges_;
};

}  // namespace headrace::datasource
