// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/completion_queue.h"

#include <utility>

namespace headrace::exec {

void CompletionQueue::Push(task::Completion completion) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    was_empty = queue_.empty();
    queue_.push_back(std::move(completion));
  }
  // The reader takes everything at once, so only the first of a burst has to wake it.
  if (was_empty) not_empty_.notify_one();
}

void CompletionQueue::Wake() {
  {
    const std::scoped_lock lock(mutex_);
    woken_ = true;
  }
  not_empty_.notify_one();
}

std::vector<task::Completion> CompletionQueue::Drain(
    std::optional<std::chrono::steady_clock::time_point> deadline) {
  std::unique_lock lock(mutex_);
  const auto ready = [this]() HR_NO_THREAD_SAFETY_ANALYSIS {
    return !queue_.empty() || woken_ || closed_;
  };
  if (deadline) {
    not_empty_.wait_until(lock, *deadline, ready);
  } else {
    not_empty_.wait(lock, ready);
  }
  woken_ = false;
  return std::exchange(queue_, {});
}

void CompletionQueue::Close() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
    queue_.clear();
  }
  not_empty_.notify_one();
}

}  // namespace headrace::exec
