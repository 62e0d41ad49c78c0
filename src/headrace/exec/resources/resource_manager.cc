// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/resources/resource_manager.h"

#include <algorithm>

namespace headrace::exec {
namespace {

/// Fractions such as 0.1 do not add up exactly; Ray rounds to five digits as well.
constexpr double kSlotTolerance = 1e-5;

/// Who needs nothing is not held back by others who hold more than there is: the first actor of a
/// pool and the task that keeps a run alive are started whatever is left.
bool Enough(double needed, double left, double tolerance) {
  return needed <= 0 || needed <= left + tolerance;
}

}  // namespace

ResourceManager::ResourceManager(ResourceLimits limits, const Topology& topology)
    : limits_(limits), topology_(topology) {
  for (const auto& node : topology.nodes()) num_task_operators_ += node.tasks != nullptr ? 1 : 0;
}

task::Resources ResourceManager::Available() const {
  task::Resources left = limits_.slots;
  for (const auto& node : topology_.nodes()) {
    if (node.tasks == nullptr) continue;
    const task::Resources used = node.tasks->UsedResources();
    left.cpu -= used.cpu;
    left.gpu -= used.gpu;
    left.memory_bytes -= used.memory_bytes;
  }
  return left;
}

bool ResourceManager::Fits(const task::Resources& needed) const {
  const task::Resources left = Available();
  return Enough(needed.cpu, left.cpu, kSlotTolerance) &&
         Enough(needed.gpu, left.gpu, kSlotTolerance) &&
         Enough(needed.memory_bytes, left.memory_bytes, 0);
}

int64_t ResourceManager::StoreUsage(const Topology::Node& node) const {
  int64_t bytes = node.op->output_bytes();
  if (node.output >= 0) bytes += topology_.nodes()[node.output].op->queued_bytes();
  if (node.tasks != nullptr) {
    bytes += node.tasks->num_running() * node.tasks->expected_output_bytes();
  }
  return bytes;
}

int64_t ResourceManager::ReservedBytes() const {
  if (num_task_operators_ == 0) return 0;
  return static_cast<int64_t>(static_cast<double>(limits_.object_store_bytes) *
                              limits_.reservation_ratio) /
         num_task_operators_;
}

int64_t ResourceManager::StoreBudget(const Topology::Node& node) const {
  if (!limits_.reservation_enabled) return limits_.object_store_bytes;
  const int64_t reserved = ReservedBytes();
  int64_t shared_left = limits_.object_store_bytes - reserved * num_task_operators_;
  for (const auto& other : topology_.nodes()) {
    if (other.tasks == nullptr || &other == &node) continue;
    shared_left -= std::max<int64_t>(0, StoreUsage(other) - reserved);
  }
  return reserved + std::max<int64_t>(0, shared_left) - StoreUsage(node);
}

}  // namespace headrace::exec
