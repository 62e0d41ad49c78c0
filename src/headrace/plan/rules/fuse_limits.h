// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Limit(n) over Limit(m)  =>  Limit(min(n, m)).
class FuseLimits final : public Rule {
 public:
  std::string_view name() const override { return "FuseLimits"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
