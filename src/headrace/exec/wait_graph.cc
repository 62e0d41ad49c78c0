// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/wait_graph.h"

#include <cstdio>

#include "headrace/exec/mebibytes.h"

namespace headrace::exec {
namespace {

/// 0.25, 2, 1.5: as few digits as it takes.
std::string Number(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.4g", value);
  return text;
}

std::string Slots(const task::Resources& slots) {
  std::string text = Number(slots.cpu) + " CPU";
  if (slots.gpu > 0) text += ", " + Number(slots.gpu) + " GPU";
  if (slots.memory_bytes > 0) {
    text += ", " + Mebibytes(static_cast<int64_t>(slots.memory_bytes)) + " of memory=";
  }
  return text;
}

/// Why the operator does nothing now; empty: nothing keeps it.
std::string WaitsFor(const WaitGraphSources& sources, const Topology::Node& node) {
  const TaskOperator& tasks = *node.tasks;
  if (tasks.HasTask()) {
    const task::Resources needed = tasks.TaskResources();
    if (!sources.resources.Fits(needed)) return "slots: a task needs " + Slots(needed);
    const BackpressurePolicy* policy = RefusedBy(sources.policies, node, sources.resources);
    if (policy == nullptr) return {};
    return std::string(policy->name()) + ": " + policy->WhyNot(node, sources.resources);
  }
  if (tasks.num_paused() > 0) return "its output to be read";
  if (tasks.num_running() > 0) return "its tasks";
  if (node.actors != nullptr && node.op->queued_blocks() > 0) return "an actor";
  return "input";
}

std::string OperatorLine(const WaitGraphSources& sources, const Topology::Node& node) {
  std::string line = node.op->name() + ": ";
  if (node.tasks != nullptr) {
    line += std::to_string(node.tasks->num_running()) + " tasks running";
    if (node.tasks->num_paused() > 0) {
      line += " (" + std::to_string(node.tasks->num_paused()) + " of them paused)";
    }
    line += ", " + std::to_string(node.op->queued_blocks()) + " blocks queued (" +
            Mebibytes(node.op->queued_bytes()) + ")";
  } else {
    line += std::string(node.op->type());
  }
  if (node.actors != nullptr) line += ", actors: " + node.actors->ActorSummary();
  line += ", holds " + Mebibytes(sources.resources.HeldBytes(node)) + " of the object store";
  if (node.tasks == nullptr) return line + "\n";
  const task::Resources used = node.tasks->UsedResources();
  if (used.cpu > 0 || used.gpu > 0 || used.memory_bytes > 0) line += " and " + Slots(used);
  const std::string waits = WaitsFor(sources, node);
  if (!waits.empty()) line += "; waits for " + waits;
  return line + "\n";
}

}  // namespace

std::string DescribeWaits(const WaitGraphSources& sources) {
  std::string text;
  for (const auto& node : sources.topology.nodes()) {
    if (!node.op->Done()) text += "  " + OperatorLine(sources, node);
  }
  const task::Resources& all = sources.resources.limits().slots;
  const task::Resources left = sources.resources.Available();
  text += "  slots: " + Number(left.cpu) + " of " + Number(all.cpu) + " CPU free";
  if (all.gpu > 0) text += ", " + Number(left.gpu) + " of " + Number(all.gpu) + " GPU free";
  text += "\n  object store: " + Mebibytes(sources.store.used_bytes) + " in memory of " +
          Mebibytes(sources.store.total_bytes) + ", " + Mebibytes(sources.store.spilled_bytes) +
          " on disk; this run may use " + Mebibytes(sources.resources.limits().object_store_bytes) +
          "\n";
  if (sources.memory.limit_bytes() >= 0) {
    text += "  memory: limit " + Mebibytes(sources.memory.limit_bytes()) + ", blocks " +
            Mebibytes(sources.memory.store_bytes()) + ", tasks " +
            Mebibytes(sources.memory.heap_bytes()) + ", measured " +
            Mebibytes(sources.memory.measured_bytes()) + "\n";
  }
  text += sources.output_has_room ? "  the consumer has taken what there was\n"
                                  : "  the consumer has not taken what is ready for it\n";
  return text;
}

}  // namespace headrace::exec
