// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

#include "headrace/backend/local/local_backend.h"
#include "headrace/base/lock_annotations.h"

namespace headrace::api {

/// Measures what the process tree of the engine holds beyond its interpreters, and tells the
/// ledger. When memory runs short it gives back what nobody uses: buffers and segments kept for
/// reuse, idle workers, and blocks that can go to disk. One thread of its own, which sleeps the
/// longer the farther the limit is. Owned by the engine; any thread.
class MemoryGauge {
 public:
  /// `backend` outlives the gauge.
  explicit MemoryGauge(backend::LocalBackend* backend);
  ~MemoryGauge();

  /// A run begins or ends. While there is none, what this process holds besides our pools is the
  /// user's own and does not count.
  void RunStarts() {
    ++runs_;
    started_ = true;
  }
  void RunEnds() { --runs_; }
  /// Warns, once per run, when this process holds so much beside blocks and tasks; <= 0: never.
  void WarnAbove(int64_t driver_bytes) { warn_bytes_ = driver_bytes; }
  /// Takes a measure at once.
  int64_t Measure();

 private:
  using Clock = std::chrono::steady_clock;
  void Run();
  void MakeRoom(int64_t measured);
  /// Some time after the last run: what is kept for the next one goes back to the system.
  void GiveBackAtRest();
  void CheckDriver(int64_t driver_bytes);
  std::chrono::milliseconds Interval(int64_t measured) const;

  backend::LocalBackend* const backend_;
  std::atomic<int> runs_{0};
  std::atomic<bool> started_{false};  // since the last look
  std::atomic<int64_t> warn_bytes_{0};
  /// Anonymous memory of this process that is the user's own.
  std::atomic<int64_t> baseline_{-1};
  Clock::time_point next_trim_{};
  std::optional<Clock::time_point> last_run_;  // seen; none: what it left is given back
  std::atomic<bool> warned_{false};

  std::mutex mutex_;
  std::condition_variable wake_;
  bool closed_ HR_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace headrace::api
