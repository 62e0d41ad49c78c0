// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

#include "headrace/store/memory_ledger.h"

namespace headrace::store {

class MemoryBudget;

/// Bytes set aside in a MemoryBudget; gives them back when destroyed. Move-only.
class [[nodiscard]] Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept
      : budget_(std::exchange(other.budget_, nullptr)), bytes_(std::exchange(other.bytes_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(budget_, other.budget_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Reservation();

  int64_t bytes() const { return bytes_; }
  /// Cuts `bytes` off, e.g. one part per output block; at most what is there.
  Reservation Split(int64_t bytes);

 private:
  friend class MemoryBudget;
  Reservation(MemoryBudget* budget, int64_t bytes) : budget_(budget), bytes_(bytes) {}
  MemoryBudget* budget_ = nullptr;  // outlives every Reservation
  int64_t bytes_ = 0;
};

/// Counts bytes in use against a limit. Any thread, without locks.
class MemoryBudget {
 public:
  /// `limit_bytes` < 0: no limit. `ceiling`, if any, is told of every byte: the account of the
  /// whole job, of which this is a part.
  explicit MemoryBudget(int64_t limit_bytes, std::shared_ptr<MemoryLedger> ceiling = nullptr)
      : limit_bytes_(limit_bytes), room_(limit_bytes), ceiling_(std::move(ceiling)) {}

  /// Sets `bytes` aside, past the limit too: the bytes exist already. The scheduler keeps below the
  /// limit by not starting work.
  Reservation Charge(int64_t bytes);
  int64_t used_bytes() const { return used_bytes_.load(std::memory_order_relaxed); }
  int64_t peak_bytes() const { return peak_bytes_.load(std::memory_order_relaxed); }
  int64_t limit_bytes() const { return limit_bytes_; }
  bool over_limit() const { return limit_bytes_ >= 0 && used_bytes() > limit_bytes_; }
  /// Says whether more fits under this limit, and tells subscribers when it does again.
  MemoryLedger& room() { return room_; }

 private:
  friend class Reservation;
  void Add(int64_t bytes) {
    room_.AddStoreBytes(bytes);
    if (ceiling_ != nullptr) ceiling_->AddStoreBytes(bytes);
  }
  void GiveBack(int64_t bytes) {
    used_bytes_.fetch_sub(bytes, std::memory_order_relaxed);
    Add(-bytes);
  }
  const int64_t limit_bytes_;
  MemoryLedger room_;
  const std::shared_ptr<MemoryLedger> ceiling_;
  std::atomic<int64_t> used_bytes_{0};
  std::atomic<int64_t> peak_bytes_{0};
};

inline Reservation::~Reservation() {
  if (budget_ != nullptr && bytes_ != 0) budget_->GiveBack(bytes_);
}

inline Reservation Reservation::Split(int64_t bytes) {
  const int64_t part = bytes < bytes_ ? bytes : bytes_;
  bytes_ -= part;
  return {budget_, part};
}

inline Reservation MemoryBudget::Charge(int64_t bytes) {
  const int64_t used = used_bytes_.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t peak = peak_bytes_.load(std::memory_order_relaxed);
  while (used > peak && !peak_bytes_.compare_exchange_weak(peak, used)) {
  }
  Add(bytes);
  return {this, bytes};
}

}  // namespace headrace::store
