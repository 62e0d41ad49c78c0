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

/// One value per group.
struct Aggregation {
  /// count, sum, min, max, mean, std, abs_max, quantile, unique, count_distinct, as_list,
  /// value_counter, missing_pct, zero_pct, first, last, approx_quantile, approx_topk.
  std::string function;
  std::string column;        // count: "" counts rows
  std::string name;          // of the column with the result
  bool ignore_nulls = true;  // false: one null makes the result null (count: nulls are counted)
  int64_t ddof = 1;          // std: divides by n - ddof
  double parameter = 0;      // quantile, approx_quantile: 0 to 1; approx_topk: how many
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
