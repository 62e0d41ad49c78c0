// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/memory_gauge.h"

#include <malloc.h>
#include <unistd.h>

#include <algorithm>

#include "headrace/base/log.h"
#include "headrace/base/process_memory.h"
#include "headrace/store/recycling_pool.h"
#include "headrace/store/segment.h"

namespace headrace::api {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kShortest{20};
constexpr milliseconds kLongest{500};
/// What all processes together can fill in a millisecond, at most: a few cores at the speed of
/// fresh pages (measured: 2 GB/s per core).
constexpr int64_t kFillPerMs = 4 << 20;
/// Giving back what malloc keeps costs a walk over the heap.
constexpr milliseconds kTrimInterval{200};
/// So long after the last run nobody is going to need what is kept for reuse.
constexpr std::chrono::seconds kRestAfter{2};
/// Above this share of the limit blocks in memory have to go as well, …
constexpr double kShrinkShare = 0.92;
/// … and above this one idle workers, which cost a fork and their functions' imports to replace.
constexpr double kEndIdleShare = 0.97;
/// What the store then shrinks by beyond the excess, so that the next blocks find room.
constexpr int64_t kStoreSlackPart = 16;

/// Memory of our pools in this process that is not in segments.
int64_t PoolBytes() {
  return store::BlockMemoryPool()->mapped_bytes() + arrow::default_memory_pool()->bytes_allocated();
}

}  // namespace

MemoryGauge::MemoryGauge(backend::LocalBackend* backend)
    : backend_(backend), thread_([this] { Run(); }) {}

MemoryGauge::~MemoryGauge() {
  {
    const std::scoped_lock lock(mutex_);
    closed_ = true;
  }
  wake_.notify_one();
  thread_.join();
}

void MemoryGauge::Run() {
  std::unique_lock lock(mutex_);
  while (!closed_) {
    lock.unlock();
    const int64_t measured = Measure();
    if (backend_->memory()->pressed()) MakeRoom(measured);
    GiveBackAtRest();
    lock.lock();
    wake_.wait_for(lock, Interval(measured),
                   [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return closed_; });
  }
}

int64_t MemoryGauge::Measure() {
  const int64_t own = AnonymousBytes(getpid()).value_or(0);
  const int64_t users = std::max<int64_t>(0, own - PoolBytes());
  if (runs_.load() == 0 || baseline_.load() < 0) {
    baseline_ = users;
    warned_ = false;
  }
  const int64_t driver = std::max<int64_t>(0, own - baseline_.load());
  int64_t workers = 0;
  for (const auto& worker : backend_->processes().workers) {
    workers += std::max<int64_t>(0, AnonymousBytes(worker.pid).value_or(0) - worker.baseline_bytes);
  }
  const int64_t segments = store::Segment::live_bytes();
  const int64_t measured = driver + workers + segments;
  backend_->memory()->SetMeasured(measured);
  CheckDriver(driver + segments);
  return measured;
}

void MemoryGauge::CheckDriver(int64_t driver_bytes) {
  const store::MemoryLedger& ledger = *backend_->memory();
  const int64_t unexplained = driver_bytes - ledger.store_bytes() - ledger.heap_bytes();
  const int64_t limit = warn_bytes_.load();
  if (warned_ || limit <= 0 || unexplained <= limit) return;
  warned_ = true;
  Log(LogLevel::kWarning,
      "The program itself has taken much memory since the run began; it counts toward the ceiling "
      "of init(memory=...)",
      {{"bytes", std::to_string(unexplained)},
       {"warn_on_driver_memory_usage_bytes", std::to_string(limit)}});
}

void MemoryGauge::MakeRoom(int64_t measured) {
  const store::MemoryLedger& ledger = *backend_->memory();
  store::BlockMemoryPool()->ReleaseIdle();
  backend_->store()->segments().ReleaseIdle();
  const auto now = Clock::now();
  if (now < next_trim_) return;
  next_trim_ = now + kTrimInterval;
  const auto limit = static_cast<double>(ledger.limit_bytes());
  const double share = static_cast<double>(measured) / std::max(1.0, limit);
  store::BlockMemoryPool()->ReleaseUnused();
  malloc_trim(0);
  backend_->TrimWorkers(/*end_idle=*/share > kEndIdleShare);
  if (share <= kShrinkShare) return;
  const auto goal = static_cast<int64_t>(store::MemoryLedger::kPressedShare * limit) -
                    ledger.limit_bytes() / kStoreSlackPart;
  const int64_t used = backend_->store()->budget().used_bytes();
  backend_->store()->ShrinkTo(std::max<int64_t>(0, used - (measured - goal)));
}

void MemoryGauge::GiveBackAtRest() {
  if (started_.exchange(false) || runs_.load() > 0) {
    last_run_ = Clock::now();
  } else if (last_run_ && Clock::now() - *last_run_ > kRestAfter) {
    last_run_.reset();
    store::BlockMemoryPool()->ReleaseUnused();
    backend_->store()->segments().ReleaseIdle();
    backend_->TrimWorkers(/*end_idle=*/false);
  }
}

milliseconds MemoryGauge::Interval(int64_t measured) const {
  const int64_t limit = backend_->memory()->limit_bytes();
  if (limit < 0) return kLongest;
  return std::clamp(milliseconds((limit - measured) / kFillPerMs), kShortest, kLongest);
}

}  // namespace headrace::api
