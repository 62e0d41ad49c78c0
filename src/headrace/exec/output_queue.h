// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/task/ref_bundle.h"

namespace headrace::exec {

/// Carries the results of a run from the scheduling thread to the consumer.
class OutputQueue {
 public:
  /// Rows wait here until the consumer takes them; past these numbers the run slows down.
  struct Limits {
    int64_t max_bytes = 256 << 20;
    int64_t max_blocks = 1024;
  };
  /// `on_room` is called by the consumer's thread when it made room in a full queue, or when
  /// somebody waits for less to be held here.
  OutputQueue(Limits limits, std::function<void()> on_room)
      : limits_(limits), on_room_(std::move(on_room)) {}

  bool HasRoom() const;   // scheduling thread
  int64_t bytes() const;  // that wait for the consumer
  /// Scheduling thread: whether `on_room` is wanted at the next Take() whatever it makes room for.
  /// Returns bytes() at this moment.
  int64_t WakeOnTake(bool wanted);
  void Push(task::RefBundle bundle);  // scheduling thread
  /// No more output: the run is over with `status`.
  void Finish(Status status);

  /// Consumer: waits, then takes all that is there. Empty at the end; the error of the run if it
  /// failed, once everything before it has been taken.
  Result<std::vector<task::BlockRef>> Take();
  /// Waits until Take() would not wait, at most `timeout`. True when it would not.
  bool WaitReady(std::chrono::milliseconds timeout);

 private:
  const Limits limits_;
  const std::function<void()> on_room_;
  mutable std::mutex mutex_;
  std::condition_variable not_empty_;
  std::vector<task::BlockRef> blocks_ HR_GUARDED_BY(mutex_);
  int64_t bytes_ HR_GUARDED_BY(mutex_) = 0;
  bool was_full_ HR_GUARDED_BY(mutex_) = false;
  bool wake_on_take_ HR_GUARDED_BY(mutex_) = false;
  bool finished_ HR_GUARDED_BY(mutex_) = false;
  Status status_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::exec
