// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/memory_pool.h>

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>

#include "headrace/base/lock_annotations.h"

namespace headrace::store {

/// A memory pool that keeps large freed buffers for the next request. Blocks come and go in the
/// same few sizes, and the first touch of fresh pages costs as much as filling them: reading 490 MB
/// of tensors spent a third of its time in the kernel clearing pages. Large buffers are mappings of
/// their own, so that what is given back is back at once, whatever lies beside it. Any thread.
class RecyclingPool final : public arrow::MemoryPool {
 public:
  /// Buffers below this are left to the allocator below, which is good at them.
  static constexpr int64_t kMinLargeBytes = 256 << 10;

  /// Keeps at most `max_idle_bytes`. `base` outlives the pool.
  RecyclingPool(arrow::MemoryPool* base, int64_t max_idle_bytes)
      : base_(base), max_idle_bytes_(max_idle_bytes) {}
  ~RecyclingPool() override { ReleaseIdle(); }

  /// Bounds what is kept, from now on.
  void SetMaxIdle(int64_t max_idle_bytes);
  /// Gives back what is kept. Returns how much that was.
  int64_t ReleaseIdle();

  using arrow::MemoryPool::Allocate;
  using arrow::MemoryPool::Free;
  using arrow::MemoryPool::Reallocate;
  arrow::Status Allocate(int64_t size, int64_t alignment, uint8_t** out) override;
  arrow::Status Reallocate(int64_t old_size, int64_t new_size, int64_t alignment,
                           uint8_t** ptr) override;
  void Free(uint8_t* buffer, int64_t size, int64_t alignment) override;
  void ReleaseUnused() override;

  int64_t bytes_allocated() const override { return bytes_.load(); }
  int64_t max_memory() const override { return max_.load(); }
  int64_t total_bytes_allocated() const override { return total_.load(); }
  int64_t num_allocations() const override { return count_.load(); }
  std::string backend_name() const override { return "recycling " + base_->backend_name(); }
  int64_t idle_bytes() const;
  /// Bytes of the large buffers, those that are kept for reuse included.
  int64_t mapped_bytes() const { return mapped_.load(std::memory_order_relaxed); }

 private:
  struct Piece {
    uint8_t* data = nullptr;
    int64_t capacity = 0;
  };
  static bool IsLarge(int64_t size, int64_t alignment);
  uint8_t* TakeIdle(int64_t capacity);
  arrow::Status AllocateLarge(int64_t size, uint8_t** out);
  void FreeLarge(uint8_t* buffer, int64_t size);
  /// Takes out the oldest until `max_idle_bytes` are left.
  std::deque<Piece> Shrink(int64_t max_idle_bytes, const std::unique_lock<std::mutex>&);
  void Unmap(const std::deque<Piece>& pieces);
  void Count(int64_t grown);

  arrow::MemoryPool* const base_;
  std::atomic<int64_t> bytes_{0};
  std::atomic<int64_t> max_{0};
  std::atomic<int64_t> total_{0};
  std::atomic<int64_t> count_{0};
  std::atomic<int64_t> mapped_{0};
  mutable std::mutex mutex_;
  int64_t max_idle_bytes_ HR_GUARDED_BY(mutex_);
  std::deque<Piece> idle_ HR_GUARDED_BY(mutex_);  // the oldest first; a few hundred at most
  int64_t idle_bytes_ HR_GUARDED_BY(mutex_) = 0;
};

/// The pool that tasks and iterators of this process use. Lives until the process ends.
RecyclingPool* BlockMemoryPool();

}  // namespace headrace::store
