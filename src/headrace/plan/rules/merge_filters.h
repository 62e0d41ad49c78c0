// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Filter(b) over Filter(a)  =>  Filter(a & b), when both have the same options.
class MergeFilters final : public Rule {
 public:
  std::string_view name() const override { return "MergeFilters"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
