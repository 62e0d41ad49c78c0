// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <mutex>
#include <optional>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/task/task_backend.h"

namespace headrace::exec {

/// Carries finished work, and requests of the consumer, from any thread to the scheduling thread.
class CompletionQueue final : public task::CompletionSink {
 public:
  void Push(task::Completion completion) override;  // any thread; dropped after Close()
  /// Wakes the scheduling thread: the consumer took output, or wants the run to stop.
  void Wake();
  /// What has arrived; waits for something if there is nothing, at most until `deadline`.
  /// Scheduling thread only.
  std::vector<task::Completion> Drain(
      std::optional<std::chrono::steady_clock::time_point> deadline);
  void Close();

 private:
  std::mutex mutex_;
  std::condition_variable not_empty_;
  std::vector<task::Completion> queue_ HR_GUARDED_BY(mutex_);
  bool woken_ HR_GUARDED_BY(mutex_) = false;
  bool closed_ HR_GUARDED_BY(mutex_) = false;
};

}  // namespace headrace::exec
