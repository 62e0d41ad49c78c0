// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/resources/resource_manager.h"

#include <algorithm>
#include <limits>

namespace headrace::exec {
namespace {

/// Fractions such as 0.1 do not add up exactly; Ray rounds to five digits as well.
constexpr double kSlotTolerance = 1e-5;

/// Who needs nothing is not held back by others who hold more than there is: the first actor of a
/// pool and the task that keeps a run alive are started whatever is left.
bool Enough(double needed, double left, double tolerance) {
  return needed <= 0 || needed <= left + tolerance;
}

/// What tasks of an operator in all slots put out before they pause or end, and as much that waits
/// behind them: more of the store need not be kept free for it.
int64_t UsableReserve(const TaskOperator& tasks, const ResourceLimits& limits) {
  const auto slots = static_cast<int64_t>(std::max(1.0, limits.slots.cpu));
  return 2 * slots * tasks.expected_output_bytes();
}

}  // namespace

ResourceManager::ResourceManager(ResourceLimits limits, const Topology& topology,
                                 const store::MemoryBudget* store)
    : limits_(limits), topology_(topology), store_(store) {
  LookAtStore();
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

int64_t ResourceManager::HeldBytes(const Topology::Node& node) const {
  int64_t bytes = node.op->output_bytes();
  const Topology::Node* at = &node;
  while (at->output >= 0) {
    const Topology::Node& next = topology_.nodes()[at->output];
    if (next.op->blocking(at->output_input)) return bytes;
    if (next.tasks != nullptr) {
      return bytes + next.op->queued_bytes() + next.tasks->running_input_bytes();
    }
    bytes += next.op->held_bytes(at->output_input);
    at = &next;
  }
  return bytes + consumer_bytes_;
}

int64_t ResourceManager::MemoryLeft() const {
  if (limits_.memory_bytes < 0) return std::numeric_limits<int64_t>::max();
  int64_t left = limits_.memory_bytes - heap_bytes_;
  for (const auto& node : topology_.nodes()) {
    if (node.tasks != nullptr) left -= HeldBytes(node);
  }
  return left;
}

int64_t ResourceManager::StoreUsage(const Topology::Node& node) const {
  const int64_t pending = node.tasks == nullptr ? 0 : node.tasks->pending_output_bytes();
  return HeldBytes(node) + pending;
}

bool ResourceManager::FeedsBlocking(const Topology::Node& node) const {
  for (const Topology::Node* at = &node; at->output >= 0;) {
    const Topology::Node& next = topology_.nodes()[at->output];
    if (next.op->blocking(at->output_input)) return true;
    if (next.tasks != nullptr) return false;
    at = &next;
  }
  return false;
}

int64_t ResourceManager::StoreBudget(const Topology::Node& node) const {
  const int64_t budget = SharedBudget(node);
  const int64_t most = node.tasks == nullptr ? -1 : node.tasks->max_store_bytes();
  return most < 0 ? budget : std::min(budget, most - StoreUsage(node));
}

int64_t ResourceManager::SharedBudget(const Topology::Node& node) const {
  if (FeedsBlocking(node)) return std::numeric_limits<int64_t>::max();
  const int64_t limit = limits_.object_store_bytes;
  const auto shares = [&](const Topology::Node& other) {
    return other.tasks != nullptr && (!other.op->Done() || StoreUsage(other) > 0) &&
           !FeedsBlocking(other);
  };
  const auto sharing = std::count_if(topology_.nodes().begin(), topology_.nodes().end(), shares);
  const auto even_part =
      static_cast<int64_t>(static_cast<double>(limit) * limits_.reservation_ratio /
                           static_cast<double>(std::max<int64_t>(1, sharing)));
  int64_t usage = 0;  // of the others
  int64_t shared = limit;
  int64_t overuse = 0;  // of the others, beyond their reserved parts
  for (const auto& other : topology_.nodes()) {
    if (&other == &node || !shares(other)) continue;
    const int64_t used = StoreUsage(other);
    const int64_t reserved = std::min(even_part, UsableReserve(*other.tasks, limits_));
    usage += used;
    shared -= reserved;
    overuse += std::max<int64_t>(0, used - reserved);
  }
  if (!limits_.reservation_enabled) return limit - usage - StoreUsage(node);
  // What it could not use is in the shared part, which is open to it as well.
  const int64_t reserved = std::min(even_part, UsableReserve(*node.tasks, limits_));
  shared -= reserved;
  return reserved + std::max<int64_t>(0, shared - overuse) - StoreUsage(node);
}

}  // namespace headrace::exec
