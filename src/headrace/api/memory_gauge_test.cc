// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/memory_gauge.h"

#include <gtest/gtest.h>
#include <sys/mman.h>

#include <chrono>
#include <cstring>
#include <memory>
#include <thread>

#include "headrace/store/recycling_pool.h"
#include "headrace/store/segment.h"

namespace headrace::api {
namespace {

constexpr int64_t kMib = 1 << 20;
/// What the test itself and the allocator may take meanwhile.
constexpr int64_t kNoise = 16 * kMib;

std::unique_ptr<backend::LocalBackend> MakeBackend(int64_t memory_bytes) {
  backend::LocalBackendOptions options;
  options.resources = {2, 0, 0};
  options.memory_bytes = memory_bytes;
  return std::make_unique<backend::LocalBackend>(options);
}

/// Touched memory that is the user's own.
class OwnPages {
 public:
  explicit OwnPages(int64_t bytes) : bytes_(bytes) {
    data_ = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    std::memset(data_, 1, bytes);
  }
  ~OwnPages() { munmap(data_, bytes_); }

 private:
  const int64_t bytes_;
  void* data_;
};

/// A touched buffer of the pool that tasks use.
class PoolBuffer {
 public:
  explicit PoolBuffer(int64_t bytes) : bytes_(bytes) {
    EXPECT_TRUE(store::BlockMemoryPool()->Allocate(bytes, &data_).ok());
    std::memset(data_, 1, bytes);
  }
  ~PoolBuffer() { store::BlockMemoryPool()->Free(data_, bytes_); }

 private:
  const int64_t bytes_;
  uint8_t* data_ = nullptr;
};

/// Waits for the gauge's thread; a minute is far beyond what it needs on any machine.
template <typename Condition>
bool BecomesTrue(const Condition& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

TEST(MemoryGaugeTest, WhatTheUserHadBeforeARunDoesNotCount) {
  const auto backend = MakeBackend(int64_t{4} << 30);
  MemoryGauge gauge(backend.get());
  const OwnPages before(64 * kMib);
  EXPECT_LT(gauge.Measure(), kNoise);
  gauge.RunStarts();
  EXPECT_LT(gauge.Measure(), kNoise);
  const OwnPages during(64 * kMib);
  EXPECT_GE(gauge.Measure(), 64 * kMib);
  gauge.RunEnds();
  EXPECT_LT(gauge.Measure(), kNoise);
}

TEST(MemoryGaugeTest, BuffersAndSegmentsCountAndAreTold) {
  const auto backend = MakeBackend(int64_t{4} << 30);
  MemoryGauge gauge(backend.get());
  const int64_t before = gauge.Measure();
  {
    const PoolBuffer buffer(64 * kMib);
    EXPECT_GE(gauge.Measure(), before + 63 * kMib);
    const auto segment = store::Segment::Create(32 * kMib).ValueOrDie();
    EXPECT_GE(gauge.Measure(), before + 95 * kMib);
    EXPECT_GE(backend->memory()->measured_bytes(), before + 95 * kMib);
  }
  store::BlockMemoryPool()->ReleaseIdle();
  EXPECT_LT(gauge.Measure(), before + kNoise);
}

TEST(MemoryGaugeTest, SomeTimeAfterTheLastRunGivesBackWhatIsKeptForReuse) {
  const auto backend = MakeBackend(int64_t{4} << 30);
  store::BlockMemoryPool()->SetMaxIdle(128 * kMib);
  backend->store()->segments().SetMaxIdle(64 * kMib);
  MemoryGauge gauge(backend.get());
  gauge.RunStarts();
  backend->store()->segments().Give(store::Segment::Create(16 * kMib).ValueOrDie());
  { const PoolBuffer buffer(96 * kMib); }
  EXPECT_GE(store::BlockMemoryPool()->idle_bytes(), 96 * kMib) << "for the next task";
  gauge.RunEnds();
  EXPECT_TRUE(BecomesTrue([&] {
    return store::BlockMemoryPool()->idle_bytes() == 0 &&
           backend->store()->segments().idle_bytes() == 0;
  }));
}

TEST(MemoryGaugeTest, UnderPressureGivesBackWhatIsKeptForReuse) {
  // Far below what the pools will keep: what else the process frees meanwhile changes nothing.
  const auto backend = MakeBackend(40 * kMib);
  store::BlockMemoryPool()->SetMaxIdle(128 * kMib);
  backend->store()->segments().SetMaxIdle(64 * kMib);
  backend->store()->segments().Give(store::Segment::Create(16 * kMib).ValueOrDie());
  MemoryGauge gauge(backend.get());
  gauge.RunStarts();
  { const PoolBuffer buffer(96 * kMib); }
  EXPECT_TRUE(BecomesTrue([&] {
    return store::BlockMemoryPool()->idle_bytes() == 0 &&
           backend->store()->segments().idle_bytes() == 0;
  }));
  gauge.RunEnds();
}

}  // namespace
}  // namespace headrace::api
