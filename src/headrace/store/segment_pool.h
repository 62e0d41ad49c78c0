// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/store/segment.h"

namespace headrace::store {

/// Keeps segments for reuse: faulting in fresh pages costs as much as copying the data. Any thread.
/// Owned by an ObjectStore or a worker; outlives the segments it hands out.
class SegmentPool {
 public:
  /// Keeps at most `max_idle_bytes` of unused segments.
  explicit SegmentPool(int64_t max_idle_bytes) : max_idle_bytes_(max_idle_bytes) {}

  /// A segment of at least `bytes`, from the pool or new (capacity: next power of two, >= 64 KiB).
  Result<std::shared_ptr<Segment>> Take(int64_t bytes);
  /// Gives a segment back; its bytes may be overwritten at once. Dropped when the pool is full.
  void Give(std::shared_ptr<Segment> segment);
  int64_t idle_bytes() const;

 private:
  const int64_t max_idle_bytes_;
  mutable std::mutex mutex_;
  std::map<int64_t, std::vector<std::shared_ptr<Segment>>> idle_ HR_GUARDED_BY(mutex_);
  int64_t idle_bytes_ HR_GUARDED_BY(mutex_) = 0;
};

}  // namespace headrace::store
