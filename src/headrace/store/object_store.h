// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/store/memory_budget.h"
#include "headrace/store/segment.h"
#include "headrace/store/segment_pool.h"

namespace headrace::store {

/// What an object holds, opaque to the store.
using Value = std::shared_ptr<const void>;

/// A value as bytes: enough to make it again anywhere.
struct FlatValue {
  std::string schema;
  std::string description;
  std::vector<std::shared_ptr<arrow::Buffer>> buffers;
};

/// Turns values into bytes and back. The store knows no rows; whoever makes the store brings this.
class Codec {
 public:
  virtual ~Codec() = default;
  virtual Result<FlatValue> Flatten(const Value& value) const = 0;
  virtual int64_t BodyBytes(const FlatValue& flat) const = 0;
  virtual void CopyBody(const FlatValue& flat, uint8_t* out) const = 0;
};

/// An object's bytes in shared memory.
struct SharedBytes {
  std::string schema;
  std::string description;
  std::shared_ptr<Segment> segment;
  int64_t size = 0;  // bytes of the body, from the start of the segment
};

class ObjectStore;

/// One object. States: heap (a value in this process), shared (its bytes are in a segment as well,
/// the value is a view of them). Immutable content; any thread. Freed when the last ObjectRef goes.
class Object {
 public:
  ~Object();
  Object(const Object&) = delete;
  Object& operator=(const Object&) = delete;

  int64_t size_bytes() const { return size_bytes_; }
  /// The value. (Once objects can be spilled, the pin that restores them is taken here.)
  const Value& value() const { return value_; }
  /// The bytes in shared memory; copies them there the first time.
  Result<SharedBytes> Share();

 private:
  friend class ObjectStore;
  Object(std::shared_ptr<ObjectStore> store, Value value, int64_t size_bytes);

  const std::shared_ptr<ObjectStore> store_;
  const Value value_;
  const int64_t size_bytes_;
  Reservation reservation_;
  std::mutex mutex_;
  SharedBytes shared_ HR_GUARDED_BY(mutex_);  // segment == nullptr: not shared
  bool owns_segment_ HR_GUARDED_BY(mutex_) = false;
};

using ObjectRef = std::shared_ptr<Object>;

struct StoreStats {
  int64_t used_bytes = 0;
  int64_t peak_bytes = 0;
  int64_t total_bytes = 0;   // the limit
  int64_t shared_bytes = 0;  // of used_bytes, copied to segments of this process
  int64_t num_objects = 0;
};

/// Holds the bytes that travel between operators and counts them exactly. Any thread.
class ObjectStore : public std::enable_shared_from_this<ObjectStore> {
 public:
  static std::shared_ptr<ObjectStore> Make(int64_t limit_bytes, std::shared_ptr<const Codec> codec);

  ObjectRef Put(Value value, int64_t size_bytes);
  /// An object whose bytes are in a segment already (made by a worker); `value` is a view of them.
  ObjectRef PutShared(Value value, int64_t size_bytes, SharedBytes bytes);

  StoreStats stats() const;
  const MemoryBudget& budget() const { return budget_; }

 private:
  friend class Object;
  /// Idle segments kept for reuse. Enough for the blocks in flight between two operators.
  static constexpr int64_t kMaxIdleSegmentBytes = 256 << 20;

  ObjectStore(int64_t limit_bytes, std::shared_ptr<const Codec> codec)
      : codec_(std::move(codec)), budget_(limit_bytes), segments_(kMaxIdleSegmentBytes) {}
  const std::shared_ptr<const Codec> codec_;
  MemoryBudget budget_;
  SegmentPool segments_;
  std::atomic<int64_t> num_objects_{0};
  std::atomic<int64_t> shared_bytes_{0};
};

}  // namespace headrace::store
