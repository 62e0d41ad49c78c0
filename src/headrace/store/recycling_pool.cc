// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/recycling_pool.h"

#include <sys/mman.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "headrace/store/heap_meter.h"
#include "headrace/store/size_class.h"

namespace headrace::store {
namespace {

/// Enough for the blocks that are in flight between two operators on a small machine.
constexpr int64_t kMaxIdleBytes = 128 << 20;

/// A fresh page costs a fault, which is 4 µs on a virtual machine whose threads all touch memory.
/// Huge ones cost 512 times fewer of them: filling fresh buffers of 4 MB took 0.34 s per GB without
/// and 0.06 s with. The kernel may refuse.
constexpr int64_t kHugePageBytes = 2 << 20;
void PreferHugePages(void* data, int64_t bytes) {
  if (bytes >= kHugePageBytes) (void)madvise(data, static_cast<size_t>(bytes), MADV_HUGEPAGE);
}

int64_t CapacityFor(int64_t size) { return SizeClass(size, RecyclingPool::kMinLargeBytes); }

arrow::Status NoMemory(int64_t bytes) {
  return arrow::Status::OutOfMemory("mapping ", bytes,
                                    " bytes of memory failed: ", std::strerror(errno));
}

}  // namespace

bool RecyclingPool::IsLarge(int64_t size, int64_t alignment) {
  return size >= kMinLargeBytes && alignment <= arrow::kDefaultBufferAlignment;
}

uint8_t* RecyclingPool::TakeIdle(int64_t capacity) {
  const std::scoped_lock lock(mutex_);
  // The newest: likeliest to be in the caches.
  const auto it = std::find_if(idle_.rbegin(), idle_.rend(),
                               [&](const Piece& piece) { return piece.capacity == capacity; });
  if (it == idle_.rend()) return nullptr;
  uint8_t* data = it->data;
  idle_.erase(std::next(it).base());
  idle_bytes_ -= capacity;
  return data;
}

void RecyclingPool::Count(int64_t grown) {
  HeapMeter::Current().Add(grown);
  const int64_t now = bytes_.fetch_add(grown) + grown;
  int64_t max = max_.load();
  while (now > max && !max_.compare_exchange_weak(max, now)) {
  }
  if (grown > 0) total_ += grown;
}

arrow::Status RecyclingPool::AllocateLarge(int64_t size, uint8_t** out) {
  const int64_t capacity = CapacityFor(size);
  *out = TakeIdle(capacity);
  if (*out != nullptr) return arrow::Status::OK();
  void* data = mmap(nullptr, capacity, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (data == MAP_FAILED) return NoMemory(capacity);
  PreferHugePages(data, capacity);
  mapped_ += capacity;
  *out = static_cast<uint8_t*>(data);
  return arrow::Status::OK();
}

void RecyclingPool::FreeLarge(uint8_t* buffer, int64_t size) {
  const int64_t capacity = CapacityFor(size);
  std::deque<Piece> dropped;
  {
    const std::unique_lock lock(mutex_);
    idle_.push_back({buffer, capacity});
    idle_bytes_ += capacity;
    // One above the whole reserve must not push everything else out.
    if (capacity > max_idle_bytes_) {
      dropped.push_back(idle_.back());
      idle_.pop_back();
      idle_bytes_ -= capacity;
    } else {
      dropped = Shrink(max_idle_bytes_, lock);
    }
  }
  Unmap(dropped);
}

std::deque<RecyclingPool::Piece> RecyclingPool::Shrink(int64_t max_idle_bytes,
                                                       const std::unique_lock<std::mutex>&) {
  std::deque<Piece> dropped;
  while (idle_bytes_ > max_idle_bytes && !idle_.empty()) {
    idle_bytes_ -= idle_.front().capacity;
    dropped.push_back(idle_.front());
    idle_.pop_front();
  }
  return dropped;
}

void RecyclingPool::Unmap(const std::deque<Piece>& pieces) {
  for (const Piece& piece : pieces) {
    munmap(piece.data, piece.capacity);
    mapped_ -= piece.capacity;
  }
}

arrow::Status RecyclingPool::Allocate(int64_t size, int64_t alignment, uint8_t** out) {
  if (IsLarge(size, alignment)) {
    ARROW_RETURN_NOT_OK(AllocateLarge(size, out));
  } else {
    ARROW_RETURN_NOT_OK(base_->Allocate(size, alignment, out));
  }
  ++count_;
  Count(size);
  return arrow::Status::OK();
}

arrow::Status RecyclingPool::Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                                        uint8_t** ptr) {
  const bool was_large = IsLarge(old_size, alignment);
  const bool is_large = IsLarge(new_size, alignment);
  if (!was_large && !is_large) {
    ARROW_RETURN_NOT_OK(base_->Reallocate(old_size, new_size, alignment, ptr));
    Count(new_size - old_size);
    return arrow::Status::OK();
  }
  const int64_t old_capacity = was_large ? CapacityFor(old_size) : 0;
  const int64_t new_capacity = is_large ? CapacityFor(new_size) : 0;
  uint8_t* moved = nullptr;
  if (was_large && is_large) {
    // Filling warm pages is cheaper than moving the mapping and touching fresh ones.
    moved = old_capacity == new_capacity ? *ptr : TakeIdle(new_capacity);
    if (moved == nullptr) {
      void* data = mremap(*ptr, old_capacity, new_capacity, MREMAP_MAYMOVE);
      if (data == MAP_FAILED) return NoMemory(new_capacity);
      PreferHugePages(data, new_capacity);
      mapped_ += new_capacity - old_capacity;
      *ptr = moved = static_cast<uint8_t*>(data);
    }
  } else if (is_large) {
    ARROW_RETURN_NOT_OK(AllocateLarge(new_size, &moved));
  } else {
    ARROW_RETURN_NOT_OK(base_->Allocate(new_size, alignment, &moved));
  }
  if (moved != *ptr) {
    std::memcpy(moved, *ptr, static_cast<size_t>(std::min(old_size, new_size)));
    if (was_large) {
      FreeLarge(*ptr, old_size);
    } else {
      base_->Free(*ptr, old_size, alignment);
    }
    *ptr = moved;
  }
  Count(new_size - old_size);
  return arrow::Status::OK();
}

void RecyclingPool::Free(uint8_t* buffer, int64_t size, int64_t alignment) {
  Count(-size);
  if (IsLarge(size, alignment)) {
    FreeLarge(buffer, size);
  } else {
    base_->Free(buffer, size, alignment);
  }
}

void RecyclingPool::SetMaxIdle(int64_t max_idle_bytes) {
  std::deque<Piece> dropped;
  {
    const std::unique_lock lock(mutex_);
    max_idle_bytes_ = max_idle_bytes;
    dropped = Shrink(max_idle_bytes, lock);
  }
  Unmap(dropped);
}

int64_t RecyclingPool::ReleaseIdle() {
  std::deque<Piece> dropped;
  int64_t bytes = 0;
  {
    const std::unique_lock lock(mutex_);
    bytes = idle_bytes_;
    dropped = Shrink(0, lock);
  }
  Unmap(dropped);
  return bytes;
}

void RecyclingPool::ReleaseUnused() {
  ReleaseIdle();
  base_->ReleaseUnused();
}

int64_t RecyclingPool::idle_bytes() const {
  const std::scoped_lock lock(mutex_);
  return idle_bytes_;
}

RecyclingPool* BlockMemoryPool() {
  // Never destroyed: blocks may outlive every other static.
  static auto* pool = new RecyclingPool(arrow::default_memory_pool(), kMaxIdleBytes);
  return pool;
}

}  // namespace headrace::store
