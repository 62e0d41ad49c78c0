// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/expr/evaluate.h"

namespace headrace::expr {

/// Columns out of columns, before the input's columns are known. With `keep_rest` the result is the
/// input's columns, in order, without those `dropped` and with the new names of those `renamed`;
/// `exprs` then replace the column of their name in place or are added at the end. Without it the
/// result is `exprs` alone. All expressions read the input's columns under their old names.
struct Projection {
  std::vector<NamedExpr> exprs;
  bool keep_rest = false;
  std::vector<std::string> dropped;
  std::vector<std::pair<std::string, std::string>> renamed;  // old name, new name
};

/// The columns that `projection` gives over `schema`. Fails with KeyError when a dropped or renamed
/// column does not exist, with Invalid when two columns would have one name.
Result<std::vector<NamedExpr>> Resolve(const Projection& projection, const arrow::Schema& schema);

}  // namespace headrace::expr
