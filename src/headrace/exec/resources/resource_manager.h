// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/exec/topology.h"
#include "headrace/store/memory_budget.h"
#include "headrace/task/task_spec.h"

namespace headrace::exec {

/// What a run may use.
struct ResourceLimits {
  task::Resources slots;                 // CPU, GPU, memory of tasks
  int64_t object_store_bytes = 1 << 30;  // blocks in queues, of this run
  int64_t memory_bytes = -1;             // those and working memory of tasks; < 0: not bounded
  bool reservation_enabled = true;
  double reservation_ratio = 0.5;  // share that is split evenly between the operators
};

/// Knows what each operator uses and may use. Scheduling thread. Usage is read off the operators,
/// which keep it in O(1), so nothing here can get out of step with them.
class ResourceManager {
 public:
  /// `store`: bytes that the whole object store holds in memory, of all runs; nullptr: not looked
  /// at.
  ResourceManager(ResourceLimits limits, const Topology& topology,
                  const store::MemoryBudget* store = nullptr);

  /// Slots that no task or actor holds.
  task::Resources Available() const;
  bool Fits(const task::Resources& needed) const;

  /// Bytes that are in memory because of `node`: its output up to the tasks that read it or the
  /// consumer of the run (what waits in between included), until those have ended.
  int64_t HeldBytes(const Topology::Node& node) const;
  /// The same and what its running tasks are expected to add before they pause or end.
  int64_t StoreUsage(const Topology::Node& node) const;
  /// Bytes that `node` may still add: what is left of its reserved part plus what is left of the
  /// part that all share, first come first served, and no more than its own bound. Who feeds an
  /// operator that has to take all its input first is not bounded: what it holds can be spilled.
  int64_t StoreBudget(const Topology::Node& node) const;
  /// The object store holds more in memory than it should: what is spilled is not yet on disk.
  bool StoreIsFull() const { return store_is_full_; }
  /// Looks at the store. In between, all decisions go by the same answer.
  void LookAtStore() { store_is_full_ = store_ != nullptr && store_->over_limit(); }
  /// Bytes that the run may still use of its own bound of memory.
  int64_t MemoryLeft() const;
  /// Working memory that running tasks were promised.
  void set_heap_bytes(int64_t bytes) { heap_bytes_ = bytes; }
  int64_t heap_bytes() const { return heap_bytes_; }
  /// Bytes that wait for the consumer of the run: part of what its last operator holds.
  void set_consumer_bytes(int64_t bytes) { consumer_bytes_ = bytes; }

  const ResourceLimits& limits() const { return limits_; }

 private:
  /// The same without a bound of its own.
  int64_t SharedBudget(const Topology::Node& node) const;
  /// What `node` puts out goes to an operator that takes all its input first, through no other
  /// task.
  bool FeedsBlocking(const Topology::Node& node) const;

  const ResourceLimits limits_;
  const Topology& topology_;
  const store::MemoryBudget* const store_;
  bool store_is_full_ = false;
  int64_t consumer_bytes_ = 0;
  int64_t heap_bytes_ = 0;
};

}  // namespace headrace::exec
