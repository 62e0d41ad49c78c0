// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/backpressure/backpressure_policy.h"

#include <algorithm>
#include <utility>

#include "headrace/exec/mebibytes.h"

namespace headrace::exec {

std::string ConcurrencyCapBackpressurePolicy::WhyNot(const Topology::Node& node,
                                                     const ResourceManager&) const {
  return std::to_string(node.tasks->num_running()) + " of at most " +
         std::to_string(node.tasks->max_running()) + " tasks run";
}

std::string ResourceBudgetBackpressurePolicy::WhyNot(const Topology::Node& node,
                                                     const ResourceManager& resources) const {
  if (resources.StoreIsFull()) return "the object store is over its limit";
  return "a task needs " + Mebibytes(node.tasks->expected_output_bytes()) + " of object store, " +
         Mebibytes(std::max<int64_t>(0, resources.StoreBudget(node))) +
         " are left for it of the run's " + Mebibytes(resources.limits().object_store_bytes);
}

bool MemoryCeilingBackpressurePolicy::WaitsForFirst(const Topology::Node& node,
                                                    const ResourceManager& resources) const {
  if (memory_->limit_bytes() < 0) return false;
  // Tasks that queue in an actor share its memory.
  if (node.actors != nullptr) return false;
  if (node.tasks->tasks_done() > 0 || node.tasks->num_running() == 0) return false;
  const double slots = std::max(1.0, resources.limits().slots.cpu);
  return static_cast<double>(node.tasks->expected_heap_bytes()) * slots * kDoubt >
         static_cast<double>(memory_->limit_bytes());
}

std::string MemoryCeilingBackpressurePolicy::WhyNot(const Topology::Node& node,
                                                    const ResourceManager& resources) const {
  const int64_t bytes = node.tasks->expected_heap_bytes();
  const std::string needs = "a task needs " + Mebibytes(bytes) + " of working memory; ";
  if (bytes > resources.MemoryLeft()) {
    return needs + Mebibytes(std::max<int64_t>(0, resources.MemoryLeft())) + " are left of the " +
           Mebibytes(resources.limits().memory_bytes) + " of this run";
  }
  if (memory_->Admits(bytes)) return needs + "the first is awaited, to see what it takes";
  return needs + "of the limit of " + Mebibytes(memory_->limit_bytes()) + ", blocks take " +
         Mebibytes(memory_->store_bytes()) + " and tasks " + Mebibytes(memory_->heap_bytes()) +
         ", measured " + Mebibytes(memory_->measured_bytes());
}

BackpressurePolicies MakeBackpressurePolicies(std::shared_ptr<const store::MemoryLedger> memory,
                                              const std::vector<std::string>& enabled) {
  BackpressurePolicies all;
  all.push_back(std::make_unique<ConcurrencyCapBackpressurePolicy>());
  all.push_back(std::make_unique<ResourceBudgetBackpressurePolicy>());
  all.push_back(std::make_unique<MemoryCeilingBackpressurePolicy>(std::move(memory)));
  if (enabled.empty()) return all;
  std::erase_if(all, [&](const auto& policy) {
    return std::find(enabled.begin(), enabled.end(), policy->name()) == enabled.end();
  });
  return all;
}

const BackpressurePolicy* RefusedBy(const BackpressurePolicies& policies,
                                    const Topology::Node& node, const ResourceManager& resources) {
  const auto refusing = std::find_if(policies.begin(), policies.end(), [&](const auto& policy) {
    return !policy->MaySubmit(node, resources);
  });
  return refusing == policies.end() ? nullptr : refusing->get();
}

}  // namespace headrace::exec
