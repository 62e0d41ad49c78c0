// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanAggregate(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input) {
  PhysicalNodePtr out;
  if (plan::As<plan::Count>(node) != nullptr) {
    out = MakeMapNode("Count", std::make_shared<worker::CountStepSpec>(), std::move(input));
  } else if (const auto* aggregate = plan::As<plan::PartialAggregate>(node)) {
    std::vector<compute::AggregateSpec> specs;
    for (const auto& one : aggregate->aggregates()) {
      specs.push_back({one.function, one.column, one.ignore_nulls, one.ddof});
    }
    out = MakeMapNode("Aggregate", std::make_shared<worker::AggregateStepSpec>(std::move(specs)),
                      std::move(input));
  } else {
    return Status::Invalid("no physical operator for ", node->name());
  }
  out->may_change_row_count = true;
  return out;
}

}  // namespace headrace::planner
