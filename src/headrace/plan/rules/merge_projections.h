// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Project over Project  =>  one Project, when both have the same options and nothing would be
/// computed twice.
class MergeProjections final : public Rule {
 public:
  std::string_view name() const override { return "MergeProjections"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
