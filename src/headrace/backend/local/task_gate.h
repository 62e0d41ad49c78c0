// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "headrace/base/lock_annotations.h"
#include "headrace/task/unread_blocks.h"

namespace headrace::backend {

/// Where a task in a thread of this process waits while nobody takes its output, until it is let on
/// or cancelled. Shared by the task's thread and the lane; any thread.
class TaskGate {
 public:
  /// Before the task starts.
  void SetBound(const task::TaskParams& params) {
    bounded_ = params.max_unread_blocks > 0;
    const std::scoped_lock lock(mutex_);
    unread_ = task::UnreadBlocks(params);
  }
  void Add(int64_t size_bytes) {
    if (!bounded_) return;
    const std::scoped_lock lock(mutex_);
    unread_.Add(size_bytes);
  }
  void Acknowledge(int64_t num_blocks) {
    const std::scoped_lock lock(mutex_);
    unread_.Acknowledge(num_blocks);
    if (paused_ && !unread_.full()) changed_.notify_one();
  }
  void Cancel() {
    const std::scoped_lock lock(mutex_);
    cancelled_ = true;
    changed_.notify_one();
  }
  /// The task's thread: false when the task was cancelled meanwhile.
  bool WaitWhileFull() {
    if (!bounded_) return true;
    std::unique_lock lock(mutex_);
    if (!unread_.full()) return true;
    paused_ = true;
    changed_.wait(lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS {
      return !unread_.full() || cancelled_.load();
    });
    paused_ = false;
    return !cancelled_;
  }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  bool paused() {
    const std::scoped_lock lock(mutex_);
    return paused_;
  }

 private:
  bool bounded_ = false;
  std::atomic<bool> cancelled_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  task::UnreadBlocks unread_ HR_GUARDED_BY(mutex_);
  bool paused_ HR_GUARDED_BY(mutex_) = false;
};

}  // namespace headrace::backend
