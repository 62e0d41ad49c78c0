// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/repartition_operator.h"
#include "headrace/exec/operators/row_slicer_operator.h"
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {
namespace {

/// Makes one block of each bundle that `slicer` gives.
PhysicalNodePtr JoinBundles(PhysicalNodePtr slicer) {
  slicer->cuts_rows_anew = true;
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
  return JoinBundles(MakeOperatorNode(
      std::make_unique<exec::RepartitionOperator>(repartition.num_blocks()), std::move(input)));
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
  return JoinBundles(MakeOperatorNode(
      std::make_unique<exec::RowSlicerOperator>(repartition.name(), repartition.rows()),
      std::move(input)));
}

}  // namespace headrace::planner
