// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/row_ranges.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace headrace::datasource {

void RowRanges::Add(int64_t begin, int64_t end) {
  if (begin >= end) return;
  if (!ranges_.empty() && begin <= ranges_.back().end) {
    ranges_.back().end = std::max(ranges_.back().end, end);
  } else {
    ranges_.push_back({begin, end});
  }
}

RowRanges RowRanges::Intersect(const RowRanges& other) const {
  RowRanges both;
  auto left = ranges_.begin();
  auto right = other.ranges_.begin();
  while (left != ranges_.end() && right != other.ranges_.end()) {
    both.Add(std::max(left->begin, right->begin), std::min(left->end, right->end));
    if (left->end < right->end) {
      ++left;
    } else {
      ++right;
    }
  }
  return both;
}

RowRanges RowRanges::Unite(const RowRanges& other) const {
  std::vector<Range> by_begin;
  std::merge(ranges_.begin(), ranges_.end(), other.ranges_.begin(), other.ranges_.end(),
             std::back_inserter(by_begin),
             [](const Range& left, const Range& right) { return left.begin < right.begin; });
  RowRanges united;
  for (const Range& range : by_begin) united.Add(range.begin, range.end);
  return united;
}

RowSelection RowRanges::Within(int64_t first_row, int64_t num_rows) const {
  RowSelection selection;
  selection.num_rows = num_rows;
  selection.all = false;
  for (const Range& range : ranges_) {
    const int64_t begin = std::max<int64_t>(0, range.begin - first_row);
    const int64_t end = std::min(num_rows, range.end - first_row);
    if (begin >= end) continue;
    selection.all = end - begin == num_rows;
    if (selection.all) break;
    const size_t before = selection.rows.size();
    selection.rows.resize(before + (end - begin));
    std::iota(selection.rows.begin() + static_cast<ptrdiff_t>(before), selection.rows.end(),
              static_cast<int32_t>(begin));
  }
  return selection;
}

}  // namespace headrace::datasource
