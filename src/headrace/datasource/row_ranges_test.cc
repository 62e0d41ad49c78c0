// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/row_ranges.h"

#include <gtest/gtest.h>

#include <random>

namespace headrace::datasource {
namespace {

constexpr int64_t kRows = 40;

/// Random ranges below kRows, and the same as one flag for each row.
std::pair<RowRanges, std::vector<bool>> Draw(std::mt19937_64* random) {
  RowRanges ranges;
  std::vector<bool> rows(kRows);
  for (int64_t begin = (*random)() % 6; begin < kRows;) {
    const int64_t end = std::min<int64_t>(kRows, begin + (*random)() % 9);
    ranges.Add(begin, end);
    std::fill(rows.begin() + begin, rows.begin() + end, true);
    begin = end + (*random)() % 5;
  }
  return {ranges, rows};
}

std::vector<bool> Flags(const RowSelection& selection) {
  std::vector<bool> rows(selection.num_rows, selection.all);
  for (const int32_t row : selection.rows) rows[row] = true;
  return rows;
}

TEST(RowRangesTest, SetsOfRowsAreCombinedAsTheirFlags) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 2000; ++round) {
    const auto [left, of_left] = Draw(&random);
    const auto [right, of_right] = Draw(&random);
    std::vector<bool> both(kRows);
    std::vector<bool> either(kRows);
    for (int64_t row = 0; row < kRows; ++row) {
      both[row] = of_left[row] && of_right[row];
      either[row] = of_left[row] || of_right[row];
    }
    EXPECT_EQ(Flags(left.Intersect(right).Within(0, kRows)), both);
    EXPECT_EQ(Flags(left.Unite(right).Within(0, kRows)), either);
    const int64_t begin = random() % kRows;
    const int64_t count = random() % (kRows - begin);
    EXPECT_EQ(Flags(left.Within(begin, count)),
              std::vector<bool>(of_left.begin() + begin, of_left.begin() + begin + count));
  }
}

TEST(RowRangesTest, RangesThatTouchBecomeOne) {
  RowRanges ranges;
  ranges.Add(2, 5);
  ranges.Add(5, 7);
  ranges.Add(9, 9);
  ranges.Add(10, 12);
  EXPECT_EQ(ranges.ranges(), (std::vector<RowRanges::Range>{{2, 7}, {10, 12}}));
  EXPECT_TRUE(RowRanges(8).Within(3, 5).all);
  EXPECT_EQ(RowRanges(0).Within(0, 5).size(), 0);
}

}  // namespace
}  // namespace headrace::datasource
