// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace headrace {

/// A column to sort by. NaN, then null, come last in both directions.
struct SortColumn {
  std::string name;
  bool descending = false;
  bool operator==(const SortColumn&) const = default;
};

/// One aggregate over the rows of each group.
///
/// | Function | Value | Type |
/// |---|---|---|
/// | count | rows; with a column and ignore_nulls, those that are not null | int64 |
/// | sum | | int64, uint64, double, decimal(38 or 76 digits), duration |
/// | min, max | NaN only where there is nothing else | of the column |
/// | abs_max | | of the column |
/// | mean, std | std of too few rows for its ddof: NaN | double |
/// | quantile, approx_quantile | both exact, linear between neighbours; NaN where one is | double |
/// | first, last | in the order of the rows | of the column |
/// | unique, as_list | distinct values in order of first appearance; all values | list |
/// | count_distinct | | int64 |
/// | value_counter | | struct<values: list, counts: list<int64>> |
/// | approx_topk | exact; most frequent first | list<struct<(name of the column), count: int64>> |
/// | missing_pct, zero_pct | nulls or NaN, zeros per row, 0 to 100 | double |
///
/// A group without values has a null (count, count_distinct: 0; lists: an empty one). A null that
/// is not ignored makes sum, min, max, abs_max, mean, std and quantile null, is a value for first,
/// last, lists and counts of values, and is a row for zero_pct.
struct Aggregation {
  std::string function;
  std::string column;  // count: "" counts rows
  std::string name;    // of the column with the result; empty: "function(column)"
  bool ignore_nulls = true;
  int64_t ddof = 1;      // std: divides by n - ddof
  double parameter = 0;  // quantile, approx_quantile: q in 0 to 1; approx_topk: how many
};

struct JoinOptions {
  /// inner, left_outer, right_outer, full_outer, left_semi, right_semi, left_anti, right_anti.
  std::string type = "inner";
  std::vector<std::string> left_on;
  std::vector<std::string> right_on;  // empty: those of the left side
  /// Put behind the names of other columns that both sides have; needed where there are such.
  std::optional<std::string> left_suffix;
  std::optional<std::string> right_suffix;
  int64_t num_partitions = 0;  // 0: as many as the sizes of the inputs ask for
};

}  // namespace headrace
