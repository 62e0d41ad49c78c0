// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/object.h"

#include <cstring>
#include <optional>
#include <utility>

#include "headrace/base/log.h"
#include "headrace/store/object_store.h"
#include "headrace/store/recycling_pool.h"

namespace headrace::store {
namespace {

/// Copies the buffers of a body one after the other to `out`.
void CopyBody(const FlatValue& flat, int64_t alignment, uint8_t* out) {
  for (const auto& buffer : flat.buffers) {
    if (buffer->size() > 0) std::memcpy(out, buffer->data(), static_cast<size_t>(buffer->size()));
    out += (buffer->size() + alignment - 1) / alignment * alignment;
  }
}

/// Gives `segment` back to `pool` when nobody uses it any more.
std::shared_ptr<const void> Lease(std::shared_ptr<SegmentPool> pool,
                                  std::shared_ptr<Segment> segment) {
  const void* bytes = segment->data();
  return {bytes, [pool = std::move(pool), segment = std::move(segment)](const void*) mutable {
            pool->Give(std::move(segment));
          }};
}

/// The body of `bytes` as a buffer that keeps it in its segment.
std::shared_ptr<arrow::Buffer> BodyIn(const SharedBytes& bytes) {
  return SegmentBuffer(bytes.segment, bytes.size, [pin = bytes.pin] {});
}

}  // namespace

struct Object::Pins {
  explicit Pins(std::weak_ptr<ObjectStore> to_tell) : store(std::move(to_tell)) {}
  std::atomic<int64_t> count{0};
  const std::weak_ptr<ObjectStore> store;
};

class Object::PinHolder {
 public:
  explicit PinHolder(std::shared_ptr<Pins> pins) : pins_(std::move(pins)) { ++pins_->count; }
  ~PinHolder() {
    if (--pins_->count > 0) return;
    if (const auto store = pins_->store.lock()) store->SpillIfOverLimit();
  }
  PinHolder(const PinHolder&) = delete;
  PinHolder& operator=(const PinHolder&) = delete;

 private:
  const std::shared_ptr<Pins> pins_;
};

Object::Object(std::shared_ptr<ObjectStore> store, Value value, int64_t size_bytes)
    : SpillCandidate(size_bytes),
      store_(std::move(store)),
      size_bytes_(size_bytes),
      value_(std::move(value)) {
  resident_ = true;
  ++store_->num_objects_;
}

Object::~Object() {
  store_->candidates_.Remove(this);
  EndAhead();
  --store_->num_objects_;
  CountShared(-1);
}

void Object::CountShared(int sign) {
  // Segments that workers made have no lease here.
  if (shared_ != nullptr && shared_->pin != nullptr) store_->shared_bytes_ += sign * shared_->size;
}

std::shared_ptr<const void> Object::NewPin(const Lock&) {
  if (pins_ == nullptr) pins_ = std::make_shared<Pins>(store_);
  return std::make_shared<PinHolder>(pins_);
}

bool Object::IsPinned(int64_t own_references, const Lock&) const {
  return value_.use_count() > own_references || (pins_ != nullptr && pins_->count > 0);
}

void Object::SetResident(bool resident, const Lock&) {
  resident_ = resident;
  if (!store_->spills_) return;
  if (resident) {
    store_->candidates_.Add(this);
  } else {
    store_->candidates_.Remove(this);
  }
}

void Object::EndAhead() {
  if (ahead_.load(std::memory_order_relaxed) && ahead_.exchange(false)) {
    store_->ahead_bytes_ -= size_bytes_;
  }
}

SharedSchema Object::schema() const {
  const Lock lock(mutex_);
  return value_ == nullptr ? on_disk_->schema : store_->codec_->SchemaOf(value_);
}

Result<Value> Object::Get() {
  ARROW_ASSIGN_OR_RAISE(Pinned pinned, Pin());
  if (pinned.pin == nullptr) return pinned.value;
  const void* address = pinned.value.get();
  return Value(std::make_shared<Pinned>(std::move(pinned)), address);
}

Result<Object::Pinned> Object::Pin() {
  Pinned pinned;
  bool restored = false;
  {
    Lock lock(mutex_);
    restored = value_ == nullptr;
    ARROW_RETURN_NOT_OK(BringBack(/*to_segment=*/false, lock));
    EndAhead();
    pinned.value = value_;
    if (store_->spills_ && size_bytes_ >= kTinyBytes) pinned.pin = NewPin(lock);
  }
  if (restored) store_->SpillIfOverLimit();
  return pinned;
}

Result<SharedBytes> Object::Share() {
  Result<SharedBytes> bytes = SharedBytes();
  Dropped dropped;
  {
    Lock lock(mutex_);
    bytes = [&]() -> Result<SharedBytes> {
      while (true) {
        ARROW_RETURN_NOT_OK(BringBack(/*to_segment=*/true, lock));
        EndAhead();
        if (shared_ != nullptr) return SharedWithPin(lock);
        if (sharing_) {
          changed_.wait(lock);
        } else {
          ARROW_RETURN_NOT_OK(CopyToSegment(lock, &dropped));
        }
      }
    }();
  }
  store_->SpillIfOverLimit();
  return bytes;
}

Status Object::BringAhead(bool to_segment) {
  Dropped dropped;
  {
    Lock lock(mutex_);
    ARROW_RETURN_NOT_OK(BringBack(to_segment, lock));
    if (to_segment && shared_ == nullptr && !sharing_) {
      ARROW_RETURN_NOT_OK(CopyToSegment(lock, &dropped));
    }
  }
  store_->SpillIfOverLimit();
  return Status::OK();
}

Result<SharedBytes> Object::SharedWithPin(const Lock& lock) {
  SharedBytes bytes = *shared_;
  if (bytes.schema.empty()) {
    ARROW_ASSIGN_OR_RAISE(bytes.schema,
                          store_->codec_->SchemaBytes(store_->codec_->SchemaOf(value_)));
    shared_->schema = bytes.schema;
  }
  using Both = std::pair<std::shared_ptr<const void>, std::shared_ptr<const void>>;
  bytes.pin = std::make_shared<const Both>(NewPin(lock), std::move(bytes.pin));
  return bytes;
}

Status Object::CopyToSegment(Lock& lock, Dropped* dropped) {
  sharing_ = true;
  const Codec& codec = *store_->codec_;
  dropped->value = value_;
  SharedBytes bytes;
  Value view;
  Reservation reservation;
  lock.unlock();
  const auto copy = [&]() -> Status {
    ARROW_ASSIGN_OR_RAISE(FlatValue flat, codec.Flatten(dropped->value));
    bytes.size = BodyBytes(flat.buffers, codec.alignment());
    ARROW_ASSIGN_OR_RAISE(bytes.segment, store_->segments_->Take(bytes.size));
    bytes.pin = Lease(store_->segments_, bytes.segment);
    reservation = store_->budget_.Charge(bytes.size);
    CopyBody(flat, codec.alignment(), bytes.segment->mutable_data());
    bytes.description = std::move(flat.description);
    ARROW_ASSIGN_OR_RAISE(
        view, codec.Unflatten(codec.SchemaOf(dropped->value), bytes.description, BodyIn(bytes)));
    return Status::OK();
  };
  const Status copied = copy();
  lock.lock();
  sharing_ = false;
  changed_.notify_all();
  ARROW_RETURN_NOT_OK(copied);
  shared_ = std::make_unique<SharedBytes>(std::move(bytes));
  CountShared(1);
  segment_ = std::move(reservation);
  if (!IsPinned(/*own_references=*/2, lock)) {  // value_ and dropped->value
    value_ = std::move(view);
    dropped->heap = std::move(heap_);
    heap_ = Reservation();
  }
  return Status::OK();
}

Status Object::BringBack(bool to_segment, Lock& lock) {
  while (value_ == nullptr) {
    if (restoring_) {
      changed_.wait(lock);
      continue;
    }
    restoring_ = true;
    const OnDisk& disk = *on_disk_;
    lock.unlock();
    const int64_t size = disk.extent->body_bytes();
    Value value;
    std::unique_ptr<SharedBytes> shared;
    // The spilling thread may be in the middle of a write: what costs nothing goes at once.
    store_->MakeRoom(size);
    Reservation reservation = store_->budget_.Charge(size);
    const auto read = [&]() -> Status {
      std::shared_ptr<arrow::Buffer> body;
      if (to_segment) {
        shared = std::make_unique<SharedBytes>();
        shared->size = size;
        shared->description = disk.description;
        ARROW_ASSIGN_OR_RAISE(shared->segment, store_->segments_->Take(size));
        shared->pin = Lease(store_->segments_, shared->segment);
        ARROW_RETURN_NOT_OK(store_->ReadBack(*disk.extent, shared->segment->mutable_data()));
        body = BodyIn(*shared);
      } else {
        ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateBuffer(size, BlockMemoryPool()));
        ARROW_RETURN_NOT_OK(store_->ReadBack(*disk.extent, buffer->mutable_data()));
        body = std::move(buffer);
      }
      ARROW_ASSIGN_OR_RAISE(value, store_->codec_->Unflatten(disk.schema, disk.description, body));
      return Status::OK();
    };
    const Status done = read();
    lock.lock();
    restoring_ = false;
    changed_.notify_all();
    ARROW_RETURN_NOT_OK(done);
    value_ = std::move(value);
    if (to_segment) {
      shared_ = std::move(shared);
      CountShared(1);
      segment_ = std::move(reservation);
    } else {
      heap_ = std::move(reservation);
    }
    SetResident(true, lock);
  }
  return Status::OK();
}

Result<bool> Object::Evict(bool may_write) {
  Dropped dropped;  // after the lock: freeing takes time, and tells others
  Lock lock(mutex_);
  if (value_ == nullptr || restoring_ || sharing_ || spilling_ || IsPinned(1, lock)) return false;
  if (on_disk_ == nullptr) {
    if (!may_write || cannot_spill_) return false;
    spilling_ = true;
    const Codec& codec = *store_->codec_;
    Value value = value_;
    std::optional<SharedBytes> shared;
    if (shared_ != nullptr) shared = *shared_;
    lock.unlock();
    FlatValue flat;
    Status flattened;
    if (shared) {
      flat.description = shared->description;
      flat.buffers = {BodyIn(*shared)};
    } else {
      flattened = codec.Flatten(value).Value(&flat);
    }
    SharedSchema schema = codec.SchemaOf(value);
    auto extent = flattened.ok()
                      ? store_->WriteOut(flat)
                      : Result<std::shared_ptr<const Extent>>(Status::Invalid("not written"));
    flat.buffers.clear();
    shared.reset();
    value.reset();
    lock.lock();
    spilling_ = false;
    if (!flattened.ok()) {
      // The task that needs its bytes will fail and say so; here it just stays.
      IgnoreStatus(flattened, "an object that cannot be flattened stays in memory");
      cannot_spill_ = true;
      return false;
    }
    ARROW_RETURN_NOT_OK(extent);
    on_disk_ = std::make_unique<const OnDisk>(
        OnDisk{std::move(schema), std::move(flat.description), *std::move(extent)});
    clean_ = true;
    if (restoring_ || sharing_ || IsPinned(1, lock)) return false;
  }
  Drop(&dropped, lock);
  return true;
}

void Object::Drop(Dropped* dropped, const Lock& lock) {
  CountShared(-1);
  dropped->value = std::exchange(value_, nullptr);
  dropped->shared = std::move(shared_);
  dropped->heap = std::exchange(heap_, Reservation());
  dropped->segment = std::exchange(segment_, Reservation());
  EndAhead();
  SetResident(false, lock);
}

ObjectRef KeepPinned(ObjectRef object, std::shared_ptr<const void> pin) {
  Object* address = object.get();
  using Both = std::pair<ObjectRef, std::shared_ptr<const void>>;
  return {std::make_shared<Both>(std::move(object), std::move(pin)), address};
}

}  // namespace headrace::store
