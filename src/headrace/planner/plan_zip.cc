// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/zip_operator.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/zip_step.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanZip(std::vector<PhysicalNodePtr> inputs) {
  auto zip = std::make_unique<exec::ZipOperator>(static_cast<int>(inputs.size()));
  PhysicalNodePtr out = MakeMapNode("Zip", std::make_shared<worker::ZipStepSpec>(),
                                    MakeOperatorNode(std::move(zip), std::move(inputs)));
  out->one_bundle_per_task = true;
  return out;
}

}  // namespace headrace::planner
