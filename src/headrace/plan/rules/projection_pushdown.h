// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/plan/optimizer.h"

namespace headrace::plan {

/// Makes sources read only the columns that a projection, a count or an aggregation above them
/// needs. Looks through projections, filters, limits, repartitions and unions; never through a
/// function of the user. A projection of plain columns right above a source goes away altogether.
class ProjectionPushdown final : public Rule {
 public:
  std::string_view name() const override { return "ProjectionPushdown"; }
  Result<LogicalOperatorPtr> Rewrite(LogicalOperatorPtr node) const override;
};

}  // namespace headrace::plan
