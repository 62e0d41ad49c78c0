// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/merge_filters.h"

#include "headrace/plan/operators.h"

namespace headrace::plan {

Result<LogicalOperatorPtr> MergeFilters::Rewrite(LogicalOperatorPtr node) const {
  const auto* outer = As<FilterExpr>(node);
  const auto* inner = outer != nullptr ? As<FilterExpr>(outer->input()) : nullptr;
  if (inner == nullptr || !(outer->options() == inner->options())) return node;
  return std::make_shared<FilterExpr>(inner->input(), inner->predicate() && outer->predicate(),
                                      outer->options());
}

}  // namespace headrace::plan
