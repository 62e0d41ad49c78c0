// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <mutex>
#include <unordered_map>

#include "headrace/backend/local/control_page.h"
#include "headrace/base/lock_annotations.h"

namespace headrace::backend {

/// Passes acknowledgements of blocks on to the workers whose tasks may pause, without the process
/// lane's thread. Any thread; the lane's thread says which tasks there are.
class Acknowledgements {
 public:
  /// `page` stays until Forget().
  void Watch(task::TaskId task, ControlPage* page) {
    const std::scoped_lock lock(mutex_);
    tasks_[task] = {page, 0};
  }
  /// Before anybody hears of the task's end: the worker's next task uses the same page.
  void Forget(task::TaskId task) {
    const std::scoped_lock lock(mutex_);
    tasks_.erase(task);
  }
  void Acknowledge(task::TaskId task, int64_t num_blocks) {
    const std::scoped_lock lock(mutex_);
    const auto it = tasks_.find(task);
    if (it == tasks_.end()) return;
    it->second.num_blocks += static_cast<uint32_t>(num_blocks);
    it->second.page->Acknowledge(task, it->second.num_blocks);
  }

 private:
  struct Task {
    ControlPage* page = nullptr;
    uint32_t num_blocks = 0;  // acknowledged so far
  };
  std::mutex mutex_;
  std::unordered_map<task::TaskId, Task> tasks_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::backend
