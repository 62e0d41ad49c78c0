// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/exec/resources/resource_manager.h"
#include "headrace/store/memory_ledger.h"

namespace headrace::exec {

/// Why an operator may not submit a task.
struct Refusal {
  std::string_view policy;
  std::string reason;  // with numbers, for people
};

/// Answers whether an operator may submit one more task. Scheduling thread; O(operators).
class BackpressurePolicy {
 public:
  virtual ~BackpressurePolicy() = default;
  /// Shown to the user as the reason of a wait: Ray Data's short names where it has one.
  virtual std::string_view name() const = 0;
  virtual bool MaySubmit(const Topology::Node& node, const ResourceManager& resources) const = 0;
  /// Only while MaySubmit() says no.
  virtual std::string WhyNot(const Topology::Node& node,
                             const ResourceManager& resources) const = 0;
};

/// No more running tasks than the user allowed: `concurrency=`, TaskPoolStrategy(size).
class ConcurrencyCapBackpressurePolicy final : public BackpressurePolicy {
 public:
  std::string_view name() const override { return "ConcurrencyCap"; }
  bool MaySubmit(const Topology::Node& node, const ResourceManager&) const override {
    return node.tasks->max_running() < 0 || node.tasks->num_running() < node.tasks->max_running();
  }
  std::string WhyNot(const Topology::Node& node, const ResourceManager&) const override;
};

/// The expected output of one more task fits what the operator may keep in the object store, and
/// the object store is not over its limit.
class ResourceBudgetBackpressurePolicy final : public BackpressurePolicy {
 public:
  std::string_view name() const override { return "ResourceBudget"; }
  bool MaySubmit(const Topology::Node& node, const ResourceManager& resources) const override {
    return !resources.StoreIsFull() &&
           node.tasks->expected_output_bytes() <= resources.StoreBudget(node);
  }
  std::string WhyNot(const Topology::Node& node, const ResourceManager& resources) const override;
};

inline constexpr std::string_view kMemoryCeiling = "MemoryCeiling";

/// The working memory of one more task fits under the memory ceiling of the engine and of the run.
/// Before the first task of an operator has ended, what one needs is a guess (a function that makes
/// several copies of a row of 200 MB needs 7 times what its reader declared): an operator whose
/// tasks look heavy begins with one.
class MemoryCeilingBackpressurePolicy final : public BackpressurePolicy {
 public:
  explicit MemoryCeilingBackpressurePolicy(std::shared_ptr<const store::MemoryLedger> memory)
      : memory_(std::move(memory)) {}
  std::string_view name() const override { return kMemoryCeiling; }
  bool MaySubmit(const Topology::Node& node, const ResourceManager& resources) const override {
    const int64_t bytes = node.tasks->expected_heap_bytes();
    return bytes <= resources.MemoryLeft() && memory_->Admits(bytes) &&
           !WaitsForFirst(node, resources);
  }
  std::string WhyNot(const Topology::Node& node, const ResourceManager& resources) const override;

 private:
  /// Tasks in all slots, each this many times as heavy as expected, would reach the ceiling.
  static constexpr int kDoubt = 4;
  bool WaitsForFirst(const Topology::Node& node, const ResourceManager& resources) const;

  const std::shared_ptr<const store::MemoryLedger> memory_;
};

/// How the time is called in which tasks of an operator were paused: they had put out as many
/// blocks as may be unread (TaskBackend::Acknowledge) and the operator was beyond its part of the
/// store.
inline constexpr std::string_view kStreamingOutput = "StreamingOutput";

/// The policies of a run. `enabled`: their short names; empty: all.
using BackpressurePolicies = std::vector<std::unique_ptr<BackpressurePolicy>>;
BackpressurePolicies MakeBackpressurePolicies(std::shared_ptr<const store::MemoryLedger> memory,
                                              const std::vector<std::string>& enabled = {});

/// The policy that refuses `node` one more task; nullptr: it may submit.
const BackpressurePolicy* RefusedBy(const BackpressurePolicies& policies,
                                    const Topology::Node& node, const ResourceManager& resources);

}  // namespace headrace::exec
