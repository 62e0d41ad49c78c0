// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"

namespace headrace::store {

/// The account of a memory ceiling: what the object store holds, what tasks were promised as
/// working memory, and what was measured of the whole process tree. It knows no blocks and frees
/// nothing: it says whether more fits, and tells those who wait when that has changed. One per
/// engine, shared by all runs; outlives its reservations and subscriptions. Any thread; counting
/// takes no lock.
class MemoryLedger {
 public:
  /// Bytes set aside; given back when destroyed. Move-only.
  class [[nodiscard]] Reservation {
   public:
    Reservation() = default;
    Reservation(Reservation&& other) noexcept
        : ledger_(std::exchange(other.ledger_, nullptr)),
          bytes_(std::exchange(other.bytes_, 0)),
          extra_(other.extra_) {}
    Reservation& operator=(Reservation&& other) noexcept {
      std::swap(ledger_, other.ledger_);
      std::swap(bytes_, other.bytes_);
      std::swap(extra_, other.extra_);
      return *this;
    }
    ~Reservation() {
      if (ledger_ != nullptr) ledger_->GiveBack(bytes_, extra_);
    }
    int64_t bytes() const { return bytes_; }

   private:
    friend class MemoryLedger;
    Reservation(MemoryLedger* ledger, int64_t bytes, bool extra)
        : ledger_(ledger), bytes_(bytes), extra_(extra) {}
    MemoryLedger* ledger_ = nullptr;
    int64_t bytes_ = 0;
    bool extra_ = false;
  };

  /// Calls its function until it is destroyed; after that, never again.
  class [[nodiscard]] Subscription {
   public:
    Subscription() = default;
    Subscription(Subscription&&) noexcept = default;
    Subscription& operator=(Subscription&& other) noexcept {
      Reset();
      listener_ = std::move(other.listener_);
      return *this;
    }
    ~Subscription() { Reset(); }
    /// Waits for a call that is under way.
    void Reset();

   private:
    friend class MemoryLedger;
    struct Listener {
      std::mutex mutex;
      std::function<void()> call HR_GUARDED_BY(mutex);  // empty: not wanted any more
    };
    explicit Subscription(std::shared_ptr<Listener> listener) : listener_(std::move(listener)) {}
    std::shared_ptr<Listener> listener_;
  };

  /// Pressed above this share of the limit: what is idle has to go.
  static constexpr double kPressedShare = 0.85;

  /// `limit_bytes` < 0: no limit.
  explicit MemoryLedger(int64_t limit_bytes) : limit_bytes_(limit_bytes) {}
  MemoryLedger(const MemoryLedger&) = delete;
  MemoryLedger& operator=(const MemoryLedger&) = delete;

  int64_t limit_bytes() const { return limit_bytes_; }

  /// Working memory of a task, charged when it is submitted, past the limit too: whether it may be
  /// submitted is the scheduler's decision, which asks Admits() first.
  Reservation ReserveHeap(int64_t bytes);
  /// Whether `bytes` more fit beside what the store holds and tasks were promised, and beside what
  /// was measured. After "no", subscribers hear when memory became available again.
  bool Admits(int64_t bytes) const;
  /// Memory that a task finds out about while it runs: waits until it is admitted, in the order of
  /// the calls, or until `cancelled` (then Cancelled). The first in line passes when nobody holds
  /// such a reservation, whatever the limit says, so that every wait ends. Do not hold one while
  /// waiting for anything else, e.g. in TaskOutput::Put. Not for scheduling or I/O threads.
  Result<Reservation> WaitFor(int64_t bytes, const std::function<bool()>& cancelled);

  /// The object store holds `delta` bytes more, or less.
  void AddStoreBytes(int64_t delta);
  /// What the process tree holds beyond its baseline, as measured just now.
  void SetMeasured(int64_t bytes);

  int64_t store_bytes() const { return store_bytes_.load(std::memory_order_relaxed); }
  int64_t heap_bytes() const { return heap_bytes_.load(std::memory_order_relaxed); }
  int64_t measured_bytes() const { return measured_bytes_.load(std::memory_order_relaxed); }
  bool pressed() const {
    return limit_bytes_ >= 0 && static_cast<double>(measured_bytes()) >
                                    kPressedShare * static_cast<double>(limit_bytes_);
  }

  /// `on_room` is called from any thread when memory became available after somebody was refused.
  /// It has to be cheap and must not call back into the ledger.
  Subscription Subscribe(std::function<void()> on_room);

 private:
  bool Fits(int64_t bytes) const;
  void GiveBack(int64_t bytes, bool extra);
  /// Wakes those who were refused, if there are any.
  void TellRoom();

  const int64_t limit_bytes_;
  std::atomic<int64_t> store_bytes_{0};
  std::atomic<int64_t> heap_bytes_{0};
  std::atomic<int64_t> measured_bytes_{0};
  /// Somebody was refused since the last call of the subscribers.
  mutable std::atomic<bool> refused_{false};

  std::mutex mutex_;
  std::condition_variable room_;
  std::deque<uint64_t> waiting_ HR_GUARDED_BY(mutex_);  // tickets, first in line at the front
  uint64_t next_ticket_ HR_GUARDED_BY(mutex_) = 0;
  int extra_held_ HR_GUARDED_BY(mutex_) = 0;
  std::vector<std::weak_ptr<Subscription::Listener>> listeners_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::store
