// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/store/memory_budget.h"
#include "headrace/store/segment.h"
#include "headrace/store/spill_candidates.h"
#include "headrace/store/spill_extent.h"

namespace headrace::store {

/// What an object holds, opaque to the store.
using Value = std::shared_ptr<const void>;

/// What many values have in common (of blocks: the schema), opaque to the store.
using SharedSchema = std::shared_ptr<const void>;

/// A value as bytes: with its schema, enough to make it again anywhere.
struct FlatValue {
  std::string description;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
};

/// Turns values into bytes and back. The store knows no rows; whoever makes the store brings this.
/// Any thread.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual SharedSchema SchemaOf(const Value& value) const = 0;
  virtual Result<std::string> SchemaBytes(const SharedSchema& schema) const = 0;
  virtual Result<FlatValue> Flatten(const Value& value) const = 0;
  /// The value again, over `body`: the buffers one after the other, each from a multiple of
  /// alignment(). The value keeps `body`.
  virtual Result<Value> Unflatten(const SharedSchema& schema, std::string_view description,
                                  const std::shared_ptr<arrow::Buffer>& body) const = 0;
  virtual int64_t alignment() const = 0;
};

/// An object's bytes in shared memory.
struct SharedBytes {
  std::string schema;
  std::string description;
  std::shared_ptr<Segment> segment;
  int64_t size = 0;  // bytes of the body, from the start of the segment
  /// The bytes stay where they are as long as somebody holds this.
  std::shared_ptr<const void> pin = {};
};

class Object;
class ObjectStore;
using ObjectRef = std::shared_ptr<Object>;

/// One object. Its bytes are in this process's heap, in a segment, on disk, or on their way back
/// from there. Immutable content; any thread. Freed when the last ObjectRef goes.
///
/// A pin keeps the bytes in memory: a Value that was handed out, and the `pin` of Pinned and
/// SharedBytes. An object without pins may be spilled at any time.
class Object : public std::enable_shared_from_this<Object>, public SpillCandidate {
 public:
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  int64_t size_bytes() const { return size_bytes_; }
  const std::shared_ptr<ObjectStore>& store() const { return store_; }

  /// The value, brought back from disk if need be.
  Result<Value> Get();
  /// The same with the pin apart, for whoever goes on with parts of the value: the pin alone keeps
  /// no bytes, it says that somebody has some.
  struct Pinned {
    Value value;
    std::shared_ptr<const void> pin;  // nullptr: too small to be worth it
  };
  Result<Pinned> Pin();
  /// The bytes in shared memory, copied or read there if need be. Keeps no second copy in the heap,
  /// unless somebody holds the value.
  Result<SharedBytes> Share();
  /// What Codec::SchemaOf gives of the value. Brings nothing back.
  SharedSchema schema() const;

  /// False: the next use has to wait for the disk.
  bool resident() const { return resident_.load(std::memory_order_relaxed); }
  /// Lower: needed later, so spilled first. The newest first among equals.
  void set_spill_rank(int64_t rank) { rank_.store(rank, std::memory_order_relaxed); }

 private:
  friend class ObjectStore;
  friend class SpillThreads;
  using Lock = std::unique_lock<std::mutex>;
  /// Pins of one object. Outlives it in pins that outlive it.
  struct Pins;
  class PinHolder;
  /// What an object lets go of; destroyed when no lock is held.
  struct Dropped {
    Reservation heap;  // counted until the bytes are gone
    Reservation segment;
    Value value;
    std::unique_ptr<SharedBytes> shared;
  };
  /// What it takes to make the value again. Never changes.
  struct OnDisk {
    SharedSchema schema;
    std::string description;
    std::shared_ptr<const Extent> extent;
  };

  Object(std::shared_ptr<ObjectStore> store, Value value, int64_t size_bytes);

  std::shared_ptr<const void> NewPin(const Lock&);
  bool IsPinned(int64_t own_references, const Lock&) const;
  /// Waits for whoever restores, or restores. The value is there afterwards.
  Status BringBack(bool to_segment, Lock& lock);
  /// Brings the bytes back for a use that is to come, which ends the special treatment.
  Status BringAhead(bool to_segment);
  Result<SharedBytes> SharedWithPin(const Lock& lock);
  Status CopyToSegment(Lock& lock, Dropped* dropped);
  /// Lets the bytes go, after writing them unless they are on disk already. True when that freed
  /// memory; false when somebody needs them or they may not be written.
  Result<bool> Evict(bool may_write);
  void Drop(Dropped* dropped, const Lock&);
  void SetResident(bool resident, const Lock&);
  /// It was brought back ahead of its use; is not counted as such any more.
  void EndAhead();
  /// Adds the bytes in a segment of this process to the store's count, or takes them off it.
  void CountShared(int sign);

  const std::shared_ptr<ObjectStore> store_;
  const int64_t size_bytes_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  Reservation heap_ HR_GUARDED_BY(mutex_);  // counted until the bytes below are gone
  Reservation segment_ HR_GUARDED_BY(mutex_);
  Value value_ HR_GUARDED_BY(mutex_);                            // nullptr: on disk
  std::unique_ptr<const OnDisk> on_disk_ HR_GUARDED_BY(mutex_);  // kept when the bytes come back
  std::unique_ptr<SharedBytes> shared_ HR_GUARDED_BY(mutex_);    // nullptr: not shared
  std::shared_ptr<Pins> pins_ HR_GUARDED_BY(mutex_);             // nullptr: never pinned
  bool restoring_ HR_GUARDED_BY(mutex_) = false;
  bool sharing_ HR_GUARDED_BY(mutex_) = false;
  bool spilling_ HR_GUARDED_BY(mutex_) = false;
  bool cannot_spill_ HR_GUARDED_BY(mutex_) = false;
};

/// A reference that also holds `pin`.
ObjectRef KeepPinned(ObjectRef object, std::shared_ptr<const void> pin);

}  // namespace headrace::store
