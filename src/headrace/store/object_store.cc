// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/object_store.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "headrace/base/log.h"

namespace headrace::store {
namespace {

/// Spilling goes on to this share of the limit, so that it happens in batches.
constexpr double kSpillDownTo = 0.9;
/// Above this share of the limit tasks wait for the disk before they put out more.
constexpr double kWaitAbove = 1.1;
/// Above this share of the limit a disk that does not work is an error.
constexpr double kFullAbove = 2.0;
/// After a failed write: time for somebody to free space, and for the log to stay readable.
constexpr auto kRetryInterval = std::chrono::seconds(2);
/// Bytes brought back ahead of their use, at most; at most this share of the limit.
constexpr int64_t kMaxAheadBytes = 64 << 20;
constexpr int64_t kMaxAheadShare = 4;

constexpr int64_t kNoShrink = std::numeric_limits<int64_t>::max();

int64_t Share(double share, int64_t bytes) {
  return static_cast<int64_t>(share * static_cast<double>(bytes));
}

}  // namespace

ObjectStore::ObjectStore(int64_t limit_bytes, std::shared_ptr<const Codec> codec,
                         SpillOptions spill, std::shared_ptr<MemoryLedger> ceiling)
    : codec_(std::move(codec)),
      spills_(spill.enabled && !spill.directories.empty() && limit_bytes >= 0),
      budget_(limit_bytes, std::move(ceiling)),
      space_(std::move(spill)),
      shrink_to_(kNoShrink) {}

std::shared_ptr<ObjectStore> ObjectStore::Make(int64_t limit_bytes,
                                               std::shared_ptr<const Codec> codec,
                                               SpillOptions spill,
                                               std::shared_ptr<MemoryLedger> ceiling) {
  std::shared_ptr<ObjectStore> store(
      new ObjectStore(limit_bytes, std::move(codec), std::move(spill), std::move(ceiling)));
  store->threads_.Attach(store, [](ObjectStore& self) { self.SpillDown(); });
  return store;
}

ObjectRef ObjectStore::Put(Value value, int64_t size_bytes) {
  ObjectRef object(new Object(shared_from_this(), std::move(value), size_bytes));
  object->heap_ = budget_.Charge(size_bytes);
  if (spills_) candidates_.Add(object.get());
  SpillIfOverLimit();
  return object;
}

ObjectRef ObjectStore::PutShared(Value value, int64_t size_bytes, SharedBytes bytes) {
  ObjectRef object(new Object(shared_from_this(), std::move(value), size_bytes));
  object->segment_ = budget_.Charge(bytes.size);
  object->shared_ = std::make_unique<SharedBytes>(std::move(bytes));
  if (spills_) candidates_.Add(object.get());
  SpillIfOverLimit();
  return object;
}

void ObjectStore::Prefetch(ObjectRef object, std::function<void()> done, RestoreTo to) {
  if (object->resident()) {
    if (done) done();
    return;
  }
  const int64_t bytes = object->size_bytes();
  if (!done) {
    const int64_t most = std::min(kMaxAheadBytes, budget_.limit_bytes() / kMaxAheadShare);
    const int64_t waiting = ahead_bytes_;
    if (object->ahead_ || (waiting > 0 && waiting + bytes > most)) return;
  }
  if (!object->ahead_.exchange(true)) ahead_bytes_ += bytes;
  threads_.Restore(std::move(object), to == RestoreTo::kSegment, std::move(done));
}

void ObjectStore::SpillIfOverLimit() {
  if (spills_ && budget_.over_limit()) threads_.WakeSpiller();
}

void ObjectStore::ShrinkTo(int64_t used_bytes) {
  if (!spills_ || budget_.used_bytes() <= used_bytes) return;
  shrink_to_ = used_bytes;
  threads_.WakeSpiller();
}

void ObjectStore::SpillDown() {
  int64_t goal = shrink_to_.exchange(kNoShrink);
  if (budget_.over_limit()) goal = std::min(goal, Share(kSpillDownTo, budget_.limit_bytes()));
  EvictDownTo(goal, /*only_clean=*/false);
}

bool ObjectStore::MakeRoom(int64_t bytes) {
  const int64_t goal = budget_.limit_bytes() - bytes;
  return goal >= 0 && EvictDownTo(goal, /*only_clean=*/true);
}

bool ObjectStore::EvictDownTo(int64_t goal_bytes, bool only_clean) {
  const uint64_t round = candidates_.NewRound();
  while (budget_.used_bytes() > goal_bytes) {
    const bool may_write = !only_clean && MayWrite();
    std::vector<ObjectRef> victims;
    bool chosen = false;
    candidates_.Choose(round, budget_.used_bytes() - goal_bytes, !may_write,
                       [&](SpillCandidate* candidate) {
                         chosen = true;
                         auto object = static_cast<Object*>(candidate)->weak_from_this().lock();
                         if (object != nullptr) victims.push_back(std::move(object));
                       });
    if (!chosen) return false;
    // Oldest first: what is needed first lies first on the disk.
    std::reverse(victims.begin(), victims.end());
    for (ObjectRef& victim : victims) {
      if (budget_.used_bytes() <= goal_bytes) break;
      const auto evicted = victim->Evict(may_write);
      if (!evicted.ok()) {
        NoteWriteFailed(evicted.status());
        break;
      }
      if (*evicted) threads_.NoteRoom();
      victim.reset();
    }
  }
  return true;
}

bool ObjectStore::MayWrite() const {
  if (!write_failed_) return true;
  const std::scoped_lock lock(failure_mutex_);
  return failure_.ok() || Clock::now() >= retry_at_;
}

void ObjectStore::NoteWriteFailed(const Status& status) {
  {
    const std::scoped_lock lock(failure_mutex_);
    failure_ = status;
    retry_at_ = Clock::now() + kRetryInterval;
  }
  write_failed_ = true;
  Log(LogLevel::kWarning, "Spilling failed; blocks stay in memory for now",
      {{"used_bytes", std::to_string(budget_.used_bytes())},
       {"limit_bytes", std::to_string(budget_.limit_bytes())},
       {"error", status.message()}});
}

Result<std::shared_ptr<const Extent>> ObjectStore::WriteOut(const FlatValue& flat) {
  const auto begin = Clock::now();
  auto extent = space_.Write(flat.buffers, codec_->alignment());
  spill_ns_ += std::chrono::nanoseconds(Clock::now() - begin).count();
  if (!extent.ok()) return extent;
  spilled_bytes_total_ += (*extent)->body_bytes();
  ++num_spilled_;
  if (write_failed_) {
    const std::scoped_lock lock(failure_mutex_);
    failure_ = Status::OK();
    write_failed_ = false;
  }
  return extent;
}

Status ObjectStore::ReadBack(const Extent& extent, uint8_t* out) {
  const auto begin = Clock::now();
  const Status read = extent.Read(out);
  restore_ns_ += std::chrono::nanoseconds(Clock::now() - begin).count();
  if (!read.ok()) return read;
  restored_bytes_total_ += extent.body_bytes();
  ++num_restored_;
  return read;
}

Status ObjectStore::WaitForRoom(const std::function<bool()>& cancelled) {
  if (!spills_) return Status::OK();
  const auto too_full = [&] {
    return budget_.used_bytes() > Share(kWaitAbove, budget_.limit_bytes());
  };
  if (too_full()) threads_.WaitWhile(too_full, cancelled);
  return CheckFull();
}

Status ObjectStore::CheckFull() const {
  if (!write_failed_ || budget_.used_bytes() <= Share(kFullAbove, budget_.limit_bytes())) {
    return Status::OK();
  }
  const std::scoped_lock lock(failure_mutex_);
  if (failure_.ok()) return failure_;
  return WithPrefix(failure_, "The object store holds " + std::to_string(budget_.used_bytes()) +
                                  " bytes, more than twice its limit (object_store_memory) of " +
                                  std::to_string(budget_.limit_bytes()) + ". ");
}

StoreStats ObjectStore::stats() const {
  StoreStats stats;
  stats.used_bytes = budget_.used_bytes();
  stats.peak_bytes = budget_.peak_bytes();
  stats.total_bytes = budget_.limit_bytes();
  stats.shared_bytes = shared_bytes_;
  stats.num_objects = num_objects_;
  stats.spilled_bytes = space_.used_bytes();
  stats.spilled_bytes_total = spilled_bytes_total_;
  stats.restored_bytes_total = restored_bytes_total_;
  stats.num_spilled = num_spilled_;
  stats.num_restored = num_restored_;
  stats.spill_s = static_cast<double>(spill_ns_) * 1e-9;
  stats.restore_s = static_cast<double>(restore_ns_) * 1e-9;
  return stats;
}

}  // namespace headrace::store
