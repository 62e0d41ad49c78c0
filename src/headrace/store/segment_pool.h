// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>

#include "headrace/base/lock_annotations.h"
#include "headrace/store/segment.h"

namespace headrace::store {

/// Keeps segments for reuse: faulting in fresh pages costs as much as copying the data. Any thread.
/// Owned by an ObjectStore or a worker; outlives the segments it hands out.
class SegmentPool {
 public:
  /// Keeps at most `max_idle_bytes` of unused segments.
  explicit SegmentPool(int64_t max_idle_bytes) : max_idle_bytes_(max_idle_bytes) {}

  /// A segment of at least `bytes`, from the pool (then up to a quarter larger) or new (capacity:
  /// SizeClass, >= 64 KiB).
  Result<std::shared_ptr<Segment>> Take(int64_t bytes);
  /// Gives a segment back; its bytes may be overwritten at once. The oldest go when there are too
  /// many.
  void Give(std::shared_ptr<Segment> segment);
  /// Bounds what is kept, from now on.
  void SetMaxIdle(int64_t max_idle_bytes);
  /// Drops all that is kept. Returns how much that was.
  int64_t ReleaseIdle();
  int64_t idle_bytes() const;

 private:
  using Idle = std::deque<std::shared_ptr<Segment>>;
  /// Takes out the oldest until `max_idle_bytes` are left. They end outside the lock: unmapping
  /// takes a while.
  Idle Shrink(int64_t max_idle_bytes, const std::unique_lock<std::mutex>&);

  mutable std::mutex mutex_;
  int64_t max_idle_bytes_ HR_GUARDED_BY(mutex_);
  Idle idle_ HR_GUARDED_BY(mutex_);  // the oldest first
  int64_t idle_bytes_ HR_GUARDED_BY(mutex_) = 0;
};

}  // namespace headrace::store
