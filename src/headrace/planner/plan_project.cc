// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanFilterExpr(const plan::LogicalOperatorPtr& node,
                                       PhysicalNodePtr input) {
  const auto& filter = *plan::As<plan::FilterExpr>(node);
  PhysicalNodePtr out =
      MakeMapNode(filter.name(), std::make_shared<worker::FilterStepSpec>(filter.predicate()),
                  std::move(input));
  ApplyMapOptions(filter.options(), out.get());
  out->may_change_row_count = true;
  return out;
}

Result<PhysicalNodePtr> PlanProject(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input) {
  const auto& project = *plan::As<plan::Project>(node);
  expr::Projection projection{project.exprs(), project.keep_rest(), project.dropped(),
                              project.renamed()};
  PhysicalNodePtr out =
      MakeMapNode("Project", std::make_shared<worker::ProjectStepSpec>(std::move(projection)),
                  std::move(input));
  ApplyMapOptions(project.options(), out.get());
  return out;
}

}  // namespace headrace::planner
