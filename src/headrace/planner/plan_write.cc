// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/write_step.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanWrite(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input) {
  const auto& write = *plan::As<plan::Write>(node);
  PhysicalNodePtr out = MakeMapNode(
      write.name(), std::make_shared<worker::WriteStepSpec>(write.sink()), std::move(input));
  ApplyMapOptions(write.options(), out.get());
  out->min_rows = write.sink()->min_rows_per_task();
  out->may_change_row_count = true;
  return out;
}

}  // namespace headrace::planner
