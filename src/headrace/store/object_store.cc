// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/object_store.h"

namespace headrace::store {

Object::Object(std::shared_ptr<ObjectStore> store, Value value, int64_t size_bytes)
    : store_(std::move(store)),
      value_(std::move(value)),
      size_bytes_(size_bytes),
      reservation_(store_->budget_.Charge(size_bytes)) {
  ++store_->num_objects_;
}

Object::~Object() {
  --store_->num_objects_;
  if (owns_segment_) {
    store_->shared_bytes_ -= shared_.size;
    store_->segments_.Give(std::move(shared_.segment));
  }
}

Result<SharedBytes> Object::Share() {
  const std::scoped_lock lock(mutex_);
  if (shared_.segment == nullptr) {
    ARROW_ASSIGN_OR_RAISE(FlatValue flat, store_->codec_->Flatten(value_));
    SharedBytes bytes;
    bytes.size = store_->codec_->BodyBytes(flat);
    ARROW_ASSIGN_OR_RAISE(bytes.segment, store_->segments_.Take(bytes.size));
    store_->codec_->CopyBody(flat, bytes.segment->mutable_data());
    bytes.schema = std::move(flat.schema);
    bytes.description = std::move(flat.description);
    store_->shared_bytes_ += bytes.size;
    owns_segment_ = true;
    shared_ = std::move(bytes);
  }
  return shared_;
}

std::shared_ptr<ObjectStore> ObjectStore::Make(int64_t limit_bytes,
                                               std::shared_ptr<const Codec> codec) {
  return std::shared_ptr<ObjectStore>(new ObjectStore(limit_bytes, std::move(codec)));
}

ObjectRef ObjectStore::Put(Value value, int64_t size_bytes) {
  return ObjectRef(new Object(shared_from_this(), std::move(value), size_bytes));
}

ObjectRef ObjectStore::PutShared(Value value, int64_t size_bytes, SharedBytes bytes) {
  ObjectRef object = Put(std::move(value), size_bytes);
  const std::scoped_lock lock(object->mutex_);
  object->shared_ = std::move(bytes);
  return object;
}

StoreStats ObjectStore::stats() const {
  return {budget_.used_bytes(), budget_.peak_bytes(), budget_.limit_bytes(), shared_bytes_.load(),
          num_objects_.load()};
}

}  // namespace headrace::store
