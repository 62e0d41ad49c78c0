// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/exec/resources/resource_manager.h"

namespace headrace::exec {

/// Answers whether an operator may submit one more task. Scheduling thread; O(operators).
class BackpressurePolicy {
 public:
  virtual ~BackpressurePolicy() = default;
  /// Shown to the user as the reason of a wait.
  virtual std::string_view name() const = 0;
  virtual bool MaySubmit(const Topology::Node& node, const ResourceManager& resources) const = 0;
};

/// No more running tasks than the user allowed: `concurrency=`, TaskPoolStrategy(size).
class ConcurrencyCapBackpressurePolicy final : public BackpressurePolicy {
 public:
  std::string_view name() const override { return "ConcurrencyCap"; }
  bool MaySubmit(const Topology::Node& node, const ResourceManager&) const override {
    return node.tasks->max_running() < 0 || node.tasks->num_running() < node.tasks->max_running();
  }
};

/// The expected output of one more task fits what the operator may keep in the object store.
class ResourceBudgetBackpressurePolicy final : public BackpressurePolicy {
 public:
  std::string_view name() const override { return "ResourceBudget"; }
  bool MaySubmit(const Topology::Node& node, const ResourceManager& resources) const override {
    return node.tasks->expected_output_bytes() <= resources.StoreBudget(node);
  }
};

}  // namespace headrace::exec
