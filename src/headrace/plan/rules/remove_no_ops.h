// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Drops operators that change nothing: projections without effect, filters by a true literal,
/// limits above the rows of blocks that exist already, repartitions under a count, unions of one; a
/// union in a union becomes part of it.
class RemoveNoOps final : public Rule {
 public:
  std::string_view name() const override { return "RemoveNoOps"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
