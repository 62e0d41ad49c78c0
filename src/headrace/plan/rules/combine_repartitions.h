// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// A repartition directly over another one replaces it: only the last one can be seen.
class CombineRepartitions final : public Rule {
 public:
  std::string_view name() const override { return "CombineRepartitions"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
