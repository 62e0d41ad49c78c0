// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/liveness.h"

namespace headrace::exec {
namespace {

/// What `tasks` would do first. A paused task before new ones: what it puts out is due earlier. A
/// task that has to be repeated before that: what paused after it cannot leave. Slots do not count:
/// a task that asks for more than there is runs alone, and a GPU that an idle actor further down
/// holds for life is lent to the task that gives it work.
bool Pick(const TaskOperator& tasks, bool* resume) {
  const bool paused = tasks.num_paused() > 0;
  if (tasks.HasTask() && (!paused || tasks.HasRetry())) {
    *resume = false;
    return true;
  }
  *resume = true;
  return paused;
}

}  // namespace

Decision PickForLiveness(const Topology& topology) {
  const auto& nodes = topology.nodes();
  for (const auto& node : nodes) {
    if (node.tasks != nullptr && node.tasks->num_advancing() > 0) return {};
    if (node.actors != nullptr && node.actors->WaitsForActor()) return {};
  }
  std::vector<bool> open(nodes.size(), true);
  for (int i = static_cast<int>(nodes.size()) - 1; i >= 0; --i) {
    const auto& node = nodes[i];
    open[i] = node.output < 0 ||
              (open[node.output] && nodes[node.output].op->WantsInput(node.output_input));
    bool resume = false;
    if (open[i] && node.tasks != nullptr && Pick(*node.tasks, &resume)) return {i, resume};
  }
  return {};
}

}  // namespace headrace::exec
