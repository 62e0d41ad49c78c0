// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Moves filters towards the source: below projections of plain columns, below repartitions, into
/// the branches of a union, and into sources that can evaluate them. Goes conjunct by conjunct;
/// what cannot move stays in a Filter above. Never below a Limit or a function of the user.
class PredicatePushdown final : public Rule {
 public:
  std::string_view name() const override { return "PredicatePushdown"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
