// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "headrace/task/task_spec.h"

namespace headrace::backend {

/// A page of memory that driver and worker share: what has to reach a worker while it is busy, and
/// what it sleeps on while its task is paused. No message, and no wake-up unless somebody sleeps.
class ControlPage {
 public:
  // Driver.

  /// The result of `task` is not wanted any more.
  void Cancel(task::TaskId task);
  /// `num_blocks` of the task that runs now were taken, counted from its start.
  void Acknowledge(task::TaskId task, uint32_t num_blocks);
  /// Wakes the worker if it is paused: a message waits for it.
  void Wake();

  // Worker.

  bool IsCancelled(task::TaskId task) const {
    return cancelled_task_.load(std::memory_order_relaxed) == task;
  }
  /// Blocks of `task` that were taken so far.
  uint32_t Acknowledged(task::TaskId task) const;
  /// A number that changes with everything above.
  uint32_t changes() const { return changes_.load(); }
  /// Sleeps unless something has happened since `changes` was read. May return for no reason.
  void SleepUnlessChanged(uint32_t changes);

 private:
  std::atomic<uint64_t> cancelled_task_{0};
  /// Low half of the task's id, and the number of its blocks: one word, so that they agree.
  std::atomic<uint64_t> acknowledged_{0};
  std::atomic<uint32_t> changes_{0};  // futex
  std::atomic<uint32_t> sleeping_{0};
};

}  // namespace headrace::backend
