// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/segment_pool.h"

#include <bit>

namespace headrace::store {
namespace {

constexpr int64_t kMinCapacity = 64 << 10;

int64_t CapacityFor(int64_t bytes) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(std::max(bytes, kMinCapacity))));
}

}  // namespace

Result<std::shared_ptr<Segment>> SegmentPool::Take(int64_t bytes) {
  const int64_t capacity = CapacityFor(bytes);
  {
    const std::scoped_lock lock(mutex_);
    const auto it = idle_.find(capacity);
    if (it != idle_.end() && !it->second.empty()) {
      // The newest: its pages are the likeliest to be in the caches.
      auto segment = std::move(it->second.back());
      it->second.pop_back();
      idle_bytes_ -= capacity;
      return segment;
    }
  }
  return Segment::Create(capacity);
}

void SegmentPool::Give(std::shared_ptr<Segment> segment) {
  const std::scoped_lock lock(mutex_);
  if (idle_bytes_ + segment->capacity() > max_idle_bytes_) return;
  idle_bytes_ += segment->capacity();
  idle_[segment->capacity()].push_back(std::move(segment));
}

int64_t SegmentPool::idle_bytes() const {
  const std::scoped_lock lock(mutex_);
  return idle_bytes_;
}

}  // namespace headrace::store
