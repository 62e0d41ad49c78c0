// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Moves limits below operators that keep each row (Project, Map), copies them into the branches of
/// a union, and tells a Read below how many rows any one task has to give. The Limit above a union
/// or a Read stays, as each branch or task counts only its own rows.
class LimitPushdown final : public Rule {
 public:
  std::string_view name() const override { return "LimitPushdown"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
