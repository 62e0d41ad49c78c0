// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/zip_step.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanZip(std::vector<PhysicalNodePtr> inputs) {
  auto zip = std::make_unique<PhysicalNode>();
  zip->kind = PhysicalNode::Kind::kZip;
  zip->name = "Zip";
  zip->inputs = std::move(inputs);
  PhysicalNodePtr out = MakeMapNode("Zip", std::make_shared<worker::ZipStepSpec>(), std::move(zip));
  out->one_bundle_per_task = true;
  return out;
}

}  // namespace headrace::planner
