// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/recycling_pool.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace headrace::store {
namespace {

/// Enough for the blocks that are in flight between two operators on a small machine.
constexpr int64_t kMaxIdleBytes = 128 << 20;

int64_t CapacityFor(int64_t size) {
  return static_cast<int64_t>(std::bit_ceil(static_cast<uint64_t>(size)));
}

}  // namespace

bool RecyclingPool::IsRecycled(int64_t size, int64_t alignment) {
  // A buffer above the whole reserve would push everything else out.
  return size >= kMinRecycledBytes && size <= kMaxIdleBytes &&
         alignment == arrow::kDefaultBufferAlignment;
}

uint8_t* RecyclingPool::TakeIdle(int64_t capacity) {
  const std::scoped_lock lock(mutex_);
  const auto it = idle_.find(capacity);
  if (it == idle_.end() || it->second.empty()) return nullptr;
  uint8_t* buffer = it->second.back();  // the newest: likeliest to be in the caches
  it->second.pop_back();
  idle_bytes_ -= capacity;
  return buffer;
}

void RecyclingPool::Count(int64_t grown) {
  const int64_t now = bytes_.fetch_add(grown) + grown;
  int64_t max = max_.load();
  while (now > max && !max_.compare_exchange_weak(max, now)) {
  }
  if (grown > 0) total_ += grown;
}

arrow::Status RecyclingPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (!IsRecycled(size, alignment)) {
    ARROW_RETURN_NOT_OK(base_->Allocate(size, alignment, out));
  } else {
    const int64_t capacity = CapacityFor(size);
    *out = TakeIdle(capacity);
    if (*out == nullptr) ARROW_RETURN_NOT_OK(base_->Allocate(capacity, alignment, out));
  }
  ++count_;
  Count(size);
  return arrow::Status::OK();
}

arrow::Status RecyclingPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                        uint8_t** ptr) {
  const bool was_recycled = IsRecycled(old_size, alignment);
  const bool is_recycled = IsRecycled(new_size, alignment);
  if (!was_recycled && !is_recycled) {
    ARROW_RETURN_NOT_OK(base_->Reallocate(old_size, new_size, alignment, ptr));
    Count(new_size - old_size);
    return arrow::Status::OK();
  }
  if (was_recycled && is_recycled && CapacityFor(old_size) == CapacityFor(new_size)) {
    Count(new_size - old_size);
    return arrow::Status::OK();
  }
  uint8_t* moved = nullptr;
  ARROW_RETURN_NOT_OK(Allocate(new_size, alignment, &moved));
  std::memcpy(moved, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
  Free(*ptr, old_size, alignment);
  *ptr = moved;
  return arrow::Status::OK();
}

void RecyclingPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  Count(-size);
  if (!IsRecycled(size, alignment)) {
    base_->Free(buffer, size, alignment);
    return;
  }
  const int64_t capacity = CapacityFor(size);
  {
    const std::scoped_lock lock(mutex_);
    if (idle_bytes_ + capacity <= max_idle_bytes_) {
      idle_bytes_ += capacity;
      idle_[capacity].push_back(buffer);
      return;
    }
  }
  base_->Free(buffer, capacity, alignment);
}

void RecyclingPool::ReleaseUnused() {
  std::map<int64_t, std::vector<uint8_t*>> idle;
  {
    const std::scoped_lock lock(mutex_);
    idle.swap(idle_);
    idle_bytes_ = 0;
  }
  for (auto& [capacity, buffers] : idle) {
    for (uint8_t* buffer : buffers) base_->Free(buffer, capacity, arrow::kDefaultBufferAlignment);
  }
  base_->ReleaseUnused();
}

int64_t RecyclingPool::idle_bytes() const {
  const std::scoped_lock lock(mutex_);
  return idle_bytes_;
}

arrow::MemoryPool* BlockMemoryPool() {
  // Never destroyed: blocks may outlive every other static.
  static auto* pool = new RecyclingPool(arrow::default_memory_pool(), kMaxIdleBytes);
  return pool;
}

}  // namespace headrace::store
