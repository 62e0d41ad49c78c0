// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {
namespace {

/// Makes one block of each bundle that `slicer` gives.
PhysicalNodePtr JoinBundles(PhysicalNodePtr slicer) {
  std::string name = slicer->name;
  PhysicalNodePtr out = MakeMapNode(
      name, std::make_shared<worker::RepartitionStepSpec>(name, /*rows=*/0, /*strict=*/true),
      std::move(slicer));
  out->one_bundle_per_task = true;
  out->target_max_block_size = 0;  // the user said how large blocks are
  return out;
}

}  // namespace

Result<PhysicalNodePtr> PlanRepartition(const plan::LogicalOperatorPtr& node,
                                        PhysicalNodePtr input) {
  const auto& repartition = *plan::As<plan::Repartition>(node);
  auto slicer = std::make_unique<PhysicalNode>();
  slicer->kind = PhysicalNode::Kind::kRepartition;
  slicer->name = "Repartition";
  slicer->count = repartition.num_blocks();
  slicer->inputs.push_back(std::move(input));
  return JoinBundles(std::move(slicer));
}

Result<PhysicalNodePtr> PlanStreamingRepartition(const plan::LogicalOperatorPtr& node,
                                                 PhysicalNodePtr input) {
  const auto& repartition = *plan::As<plan::StreamingRepartition>(node);
  if (!repartition.strict()) {
    PhysicalNodePtr out = MakeMapNode(repartition.name(),
                                      std::make_shared<worker::RepartitionStepSpec>(
                                          repartition.name(), repartition.rows(), false),
                                      std::move(input));
    out->one_bundle_per_task = true;
    out->target_max_block_size = 0;
    return out;
  }
  auto slicer = std::make_unique<PhysicalNode>();
  slicer->kind = PhysicalNode::Kind::kRowSlicer;
  slicer->name = repartition.name();
  slicer->count = repartition.rows();
  slicer->inputs.push_back(std::move(input));
  return JoinBundles(std::move(slicer));
}

}  // namespace headrace::planner
