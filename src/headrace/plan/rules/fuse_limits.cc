// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/fuse_limits.h"

#include <algorithm>

#include "headrace/plan/operators.h"

namespace headrace::plan {

Result<LogicalOperatorPtr> FuseLimits::Rewrite(LogicalOperatorPtr node) const {
  const auto* outer = As<Limit>(node);
  const auto* inner = outer != nullptr ? As<Limit>(outer->input()) : nullptr;
  if (inner == nullptr) return node;
  return std::make_shared<Limit>(inner->input(), std::min(outer->rows(), inner->rows()));
}

}  // namespace headrace::plan
