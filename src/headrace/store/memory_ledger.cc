// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/memory_ledger.h"

#include <algorithm>
#include <chrono>

namespace headrace::store {
namespace {

/// How soon a waiting task notices that it was cancelled: nobody tells the ledger.
constexpr auto kCancelInterval = std::chrono::milliseconds(50);

}  // namespace

void MemoryLedger::Subscription::Reset() {
  if (listener_ == nullptr) return;
  {
    const std::scoped_lock lock(listener_->mutex);
    listener_->call = nullptr;
  }
  listener_.reset();
}

bool MemoryLedger::Fits(int64_t bytes) const {
  if (limit_bytes_ < 0) return true;
  const int64_t promised = store_bytes_.load() + heap_bytes_.load();
  return promised + bytes <= limit_bytes_ && measured_bytes_.load() + bytes <= limit_bytes_;
}

bool MemoryLedger::Admits(int64_t bytes) const {
  if (Fits(bytes)) return true;
  // Noted before the second look: who gives back in between sees the note.
  refused_.store(true);
  return Fits(bytes);
}

MemoryLedger::Reservation MemoryLedger::ReserveHeap(int64_t bytes) {
  heap_bytes_.fetch_add(bytes);
  return {this, bytes, /*extra=*/false};
}

Result<MemoryLedger::Reservation> MemoryLedger::WaitFor(int64_t bytes,
                                                        const std::function<bool()>& cancelled) {
  std::unique_lock lock(mutex_);
  const uint64_t ticket = next_ticket_++;
  waiting_.push_back(ticket);
  while (waiting_.front() != ticket || (extra_held_ > 0 && !Admits(bytes))) {
    room_.wait_for(lock, kCancelInterval);
    if (cancelled && cancelled()) {
      std::erase(waiting_, ticket);
      room_.notify_all();  // the next in line may pass now
      return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
    }
  }
  waiting_.pop_front();
  ++extra_held_;
  room_.notify_all();
  heap_bytes_.fetch_add(bytes);
  return Reservation(this, bytes, /*extra=*/true);
}

void MemoryLedger::GiveBack(int64_t bytes, bool extra) {
  heap_bytes_.fetch_sub(bytes);
  if (extra) {
    const std::scoped_lock lock(mutex_);
    --extra_held_;
    room_.notify_all();
  }
  TellRoom();
}

void MemoryLedger::AddStoreBytes(int64_t delta) {
  store_bytes_.fetch_add(delta);
  if (delta < 0) TellRoom();
}

void MemoryLedger::SetMeasured(int64_t bytes) {
  if (bytes < measured_bytes_.exchange(bytes)) TellRoom();
}

void MemoryLedger::TellRoom() {
  if (!refused_.load() || !refused_.exchange(false)) return;
  std::vector<std::shared_ptr<Subscription::Listener>> listeners;
  {
    const std::scoped_lock lock(mutex_);
    room_.notify_all();
    listeners.reserve(listeners_.size());
    std::erase_if(listeners_, [&](const auto& weak) {
      auto listener = weak.lock();
      if (listener == nullptr) return true;
      listeners.push_back(std::move(listener));
      return false;
    });
  }
  for (const auto& listener : listeners) {
    const std::scoped_lock lock(listener->mutex);
    if (listener->call) listener->call();
  }
}

MemoryLedger::Subscription MemoryLedger::Subscribe(std::function<void()> on_room) {
  auto listener = std::make_shared<Subscription::Listener>();
  listener->call = std::move(on_room);
  const std::scoped_lock lock(mutex_);
  listeners_.push_back(listener);
  return Subscription(std::move(listener));
}

}  // namespace headrace::store
