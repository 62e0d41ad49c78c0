// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/store/memory_budget.h"
#include "headrace/store/object.h"
#include "headrace/store/segment_pool.h"
#include "headrace/store/spill_options.h"
#include "headrace/store/spill_space.h"
#include "headrace/store/spill_threads.h"

namespace headrace::store {

struct StoreStats {
  int64_t used_bytes = 0;  // in memory: heap and segments
  int64_t peak_bytes = 0;
  int64_t total_bytes = 0;   // the limit
  int64_t shared_bytes = 0;  // of used_bytes, in segments of this process
  int64_t num_objects = 0;
  int64_t spilled_bytes = 0;  // on disk now
  // Since the store was made: bytes and objects written and read, and the time it took.
  int64_t spilled_bytes_total = 0;
  int64_t restored_bytes_total = 0;
  int64_t num_spilled = 0;
  int64_t num_restored = 0;
  double spill_s = 0;
  double restore_s = 0;
};

/// Holds the bytes that travel between operators and counts them exactly. What does not fit below
/// its limit it writes to disk, if it has a place there, and brings back when it is used. Any
/// thread; only WaitForRoom(), and Object's methods for what is on disk, may wait.
class ObjectStore : public std::enable_shared_from_this<ObjectStore> {
 public:
  /// `limit_bytes` < 0: no limit. `ceiling`: the account of the job, which hears of every byte.
  static std::shared_ptr<ObjectStore> Make(int64_t limit_bytes, std::shared_ptr<const Codec> codec,
                                           SpillOptions spill = {},
                                           std::shared_ptr<MemoryLedger> ceiling = nullptr);
  ~ObjectStore() = default;

  ObjectRef Put(Value value, int64_t size_bytes);
  /// An object whose bytes are in a segment already (made by a worker); `value` is a view of them.
  ObjectRef PutShared(Value value, int64_t size_bytes, SharedBytes bytes);

  /// Where an object is wanted: in this process, or where workers see it.
  enum class RestoreTo : uint8_t { kHeap, kSegment };
  /// Brings `object` back in another thread. With `done`, whatever it takes; `done` is called, on
  /// any thread, when it is there or cannot be brought back. Without, it is a hint, followed while
  /// little is waiting in memory for its use and there is room.
  void Prefetch(ObjectRef object, std::function<void()> done = {}, RestoreTo to = RestoreTo::kHeap);

  /// For tasks, before they put out more: waits while the store is far above its limit and the disk
  /// catches up. Fails as CheckFull() does.
  Status WaitForRoom(const std::function<bool()>& cancelled);
  /// Fails with what is wrong with the disk when the store needs it badly: going on would take
  /// memory without bound.
  Status CheckFull() const;
  /// Asks the spilling thread to get down to `used_bytes`, once, although the limit is higher.
  void ShrinkTo(int64_t used_bytes);

  StoreStats stats() const;
  const MemoryBudget& budget() const { return budget_; }
  /// Says whether more fits below the limit, and tells when it does again.
  MemoryLedger& room() { return budget_.room(); }
  /// What it keeps for reuse.
  SegmentPool& segments() { return *segments_; }

 private:
  friend class Object;
  friend class SpillThreads;
  using Clock = std::chrono::steady_clock;
  /// Idle segments kept for reuse. Enough for the blocks in flight between two operators.
  static constexpr int64_t kMaxIdleSegmentBytes = 256 << 20;

  ObjectStore(int64_t limit_bytes, std::shared_ptr<const Codec> codec, SpillOptions spill,
              std::shared_ptr<MemoryLedger> ceiling);

  void SpillIfOverLimit();
  /// Spills until the store is somewhat below its limit. Its thread only.
  void SpillDown();
  /// Lets go until `goal_bytes` are in use; false when nothing more could be.
  bool EvictDownTo(int64_t goal_bytes, bool only_clean);
  /// Lets go of what is on disk as well, until `bytes` fit; false when they do not. Any thread, but
  /// none that holds the lock of an object.
  bool MakeRoom(int64_t bytes);
  bool MayWrite() const;
  void NoteWriteFailed(const Status& status);
  Result<std::shared_ptr<const Extent>> WriteOut(const FlatValue& flat);
  Status ReadBack(const Extent& extent, uint8_t* out);

  const std::shared_ptr<const Codec> codec_;
  const bool spills_;
  MemoryBudget budget_;
  const std::shared_ptr<SegmentPool> segments_ =
      std::make_shared<SegmentPool>(kMaxIdleSegmentBytes);
  SpillSpace space_;
  SpillCandidates candidates_;
  std::atomic<int64_t> num_objects_{0};
  std::atomic<int64_t> shared_bytes_{0};
  std::atomic<int64_t> ahead_bytes_{0};  // brought back, or about to be, for a use to come
  std::atomic<int64_t> shrink_to_;

  std::atomic<int64_t> spilled_bytes_total_{0};
  std::atomic<int64_t> restored_bytes_total_{0};
  std::atomic<int64_t> num_spilled_{0};
  std::atomic<int64_t> num_restored_{0};
  std::atomic<int64_t> spill_ns_{0};
  std::atomic<int64_t> restore_ns_{0};

  mutable std::mutex failure_mutex_;
  Status failure_ HR_GUARDED_BY(failure_mutex_);  // of the last write; OK when it succeeded
  Clock::time_point retry_at_ HR_GUARDED_BY(failure_mutex_);
  std::atomic<bool> write_failed_{false};  // failure_ is not OK

  SpillThreads threads_;  // last: they end first
};

}  // namespace headrace::store
