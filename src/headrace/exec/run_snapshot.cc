// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/run_snapshot.h"

namespace headrace::exec {

OperatorSnapshot TakeSnapshot(const Topology::Node& node, const ResourceManager& resources,
                              const BackpressurePolicies& policies) {
  OperatorSnapshot op;
  op.name = node.op->name();
  op.type = node.op->type();
  op.done = node.op->Done();
  op.runs_tasks = node.tasks != nullptr;
  op.inputs = node.inputs;
  op.input_is_rows = node.op->input_is_rows();
  op.max_rows_out = node.op->max_rows_out();
  op.queued_blocks = node.op->queued_blocks();
  op.queued_bytes = node.op->queued_bytes();
  op.output_bytes = node.op->output_bytes();
  if (node.tasks != nullptr) {
    op.num_running = node.tasks->num_running();
    op.num_paused = node.tasks->num_paused();
    if (!node.counters.backpressure_policy.empty() && node.tasks->HasTask()) {
      const BackpressurePolicy* policy = RefusedBy(policies, node, resources);
      if (policy != nullptr) op.why_not = policy->WhyNot(node, resources);
    }
  }
  if (node.actors != nullptr) {
    op.num_actors = node.actors->num_actors();
    op.actors = node.actors->ActorSummary();
  }
  op.counters = node.counters;
  return op;
}

}  // namespace headrace::exec
