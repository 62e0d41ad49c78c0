// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::compute {

enum class JoinType : uint8_t {
  kInner,
  kLeftOuter,
  kRightOuter,
  kFullOuter,
  kLeftSemi,
  kRightSemi,
  kLeftAnti,
  kRightAnti,
};

/// "inner", "left_outer", …; Invalid, with the list, for anything else.
Result<JoinType> ParseJoinType(std::string_view name);
std::string_view ToString(JoinType type);

/// Rows of two sides whose keys are equal. Null keys equal nothing, NaN equals NaN.
struct JoinSpec {
  JoinType type = JoinType::kInner;
  std::vector<std::string> left_on;
  std::vector<std::string> right_on;  // as many
  // Appended to names that are on both sides of the result.
  std::optional<std::string> left_suffix;
  std::optional<std::string> right_suffix;
};

/// One column of the result and where its values come from: indices of columns, -1 for none. A key
/// of a full outer join has both and takes the side whose row is there.
struct JoinColumn {
  std::string name;
  std::shared_ptr<arrow::DataType> type;
  int left = -1;
  int right = -1;
};

/// What a join of two schemas reads and gives.
struct JoinPlan {
  std::vector<int> left_keys;
  std::vector<int> right_keys;
  /// In which both sides' keys are compared; never dictionaries.
  std::vector<std::shared_ptr<arrow::DataType>> key_types;
  std::vector<JoinColumn> columns;

  std::shared_ptr<arrow::Schema> schema() const;
};

/// Left columns, then right ones without the keys; a right outer join has the right keys, in their
/// places among the right columns, instead of the left ones; a full outer join has both keys in one
/// column under the left name; semi and anti joins have one side as it is.
/// Fails with KeyError for a missing key; with Invalid for no keys, numbers of keys that differ,
/// keys of nested types, and names on both sides without a suffix; with TypeError for keys that
/// cannot be compared. Integers of different widths can be, and so can float and double, string and
/// large_string.
Result<JoinPlan> PlanJoin(const arrow::Schema& left, const arrow::Schema& right,
                          const JoinSpec& spec);
/// PlanJoin(…).schema().
Result<std::shared_ptr<arrow::Schema>> JoinSchema(const arrow::Schema& left,
                                                  const arrow::Schema& right, const JoinSpec& spec);

}  // namespace headrace::compute
