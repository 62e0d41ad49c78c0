// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/segment_pool.h"

#include <algorithm>

#include "headrace/store/size_class.h"

namespace headrace::store {
namespace {

constexpr int64_t kMinCapacity = 64 << 10;

}  // namespace

Result<std::shared_ptr<Segment>> SegmentPool::Take(int64_t bytes) {
  const int64_t capacity = SizeClass(bytes, kMinCapacity);
  {
    const std::unique_lock lock(mutex_);
    // The newest: its pages are the likeliest to be in the caches.
    const auto it = std::find_if(idle_.rbegin(), idle_.rend(), [&](const auto& segment) {
      return segment->capacity() >= capacity && segment->capacity() <= capacity + capacity / 4;
    });
    if (it != idle_.rend()) {
      auto segment = std::move(*it);
      idle_.erase(std::next(it).base());
      idle_bytes_ -= segment->capacity();
      return segment;
    }
  }
  return Segment::Create(capacity);
}

void SegmentPool::Give(std::shared_ptr<Segment> segment) {
  Idle dropped;  // outlives the lock
  const std::unique_lock lock(mutex_);
  idle_bytes_ += segment->capacity();
  idle_.push_back(std::move(segment));
  dropped = Shrink(max_idle_bytes_, lock);
}

void SegmentPool::SetMaxIdle(int64_t max_idle_bytes) {
  Idle dropped;
  const std::unique_lock lock(mutex_);
  max_idle_bytes_ = max_idle_bytes;
  dropped = Shrink(max_idle_bytes, lock);
}

int64_t SegmentPool::ReleaseIdle() {
  Idle dropped;
  const std::unique_lock lock(mutex_);
  const int64_t before = idle_bytes_;
  dropped = Shrink(0, lock);
  return before;
}

SegmentPool::Idle SegmentPool::Shrink(int64_t max_idle_bytes, const std::unique_lock<std::mutex>&) {
  Idle dropped;
  while (idle_bytes_ > max_idle_bytes && !idle_.empty()) {
    idle_bytes_ -= idle_.front()->capacity();
    dropped.push_back(std::move(idle_.front()));
    idle_.pop_front();
  }
  return dropped;
}

int64_t SegmentPool::idle_bytes() const {
  const std::scoped_lock lock(mutex_);
  return idle_bytes_;
}

}  // namespace headrace::store
