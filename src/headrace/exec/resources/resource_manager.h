// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "headrace/exec/topology.h"
#include "headrace/task/task_spec.h"

namespace headrace::exec {

/// What a run may use.
struct ResourceLimits {
  task::Resources slots;                 // CPU, GPU, memory of tasks
  int64_t object_store_bytes = 1 << 30;  // blocks in queues, of this run
  bool reservation_enabled = true;
  double reservation_ratio = 0.5;  // share that is split evenly between the operators
};

/// Knows what each operator uses and may use. Scheduling thread. Usage is read off the operators,
/// which keep it in O(1), so nothing here can get out of step with them.
class ResourceManager {
 public:
  ResourceManager(ResourceLimits limits, const Topology& topology);

  /// Slots that no task or actor holds.
  task::Resources Available() const;
  bool Fits(const task::Resources& needed) const;
  /// Bytes that `node` keeps in memory: its output that has not been taken, what waits downstream
  /// for it, and what its running tasks are expected to put out.
  int64_t StoreUsage(const Topology::Node& node) const;
  /// Bytes that `node` may still add: what is left of its reserved part plus what is left of the
  /// part that all share, first come first served.
  int64_t StoreBudget(const Topology::Node& node) const;
  const ResourceLimits& limits() const { return limits_; }

 private:
  int64_t ReservedBytes() const;
  const ResourceLimits limits_;
  const Topology& topology_;
  int num_task_operators_ = 0;
};

}  // namespace headrace::exec
