// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/recycling_pool.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

#include "headrace/store/heap_meter.h"

namespace headrace::store {
namespace {

constexpr int64_t kLarge = 1 << 20;

TEST(RecyclingPoolTest, GivesALargeBufferThatCameBack) {
  RecyclingPool pool(arrow::default_memory_pool(), 8 * kLarge);
  uint8_t* first = nullptr;
  ASSERT_TRUE(pool.Allocate(kLarge, &first).ok());
  pool.Free(first, kLarge);
  EXPECT_EQ(pool.idle_bytes(), kLarge);
  uint8_t* second = nullptr;
  ASSERT_TRUE(pool.Allocate(kLarge - 100, &second).ok());
  EXPECT_EQ(second, first);
  EXPECT_EQ(pool.idle_bytes(), 0);
  pool.Free(second, kLarge - 100);
  EXPECT_EQ(pool.bytes_allocated(), 0);
}

TEST(RecyclingPoolTest, KeepsNoMoreThanItsReserve) {
  RecyclingPool pool(arrow::default_memory_pool(), kLarge);
  uint8_t* a = nullptr;
  uint8_t* b = nullptr;
  ASSERT_TRUE(pool.Allocate(kLarge, &a).ok());
  ASSERT_TRUE(pool.Allocate(kLarge, &b).ok());
  pool.Free(a, kLarge);
  pool.Free(b, kLarge);
  EXPECT_EQ(pool.idle_bytes(), kLarge);
  pool.ReleaseUnused();
  EXPECT_EQ(pool.idle_bytes(), 0);
}

TEST(RecyclingPoolTest, TheOldestGoWhenThereAreTooMany) {
  RecyclingPool pool(arrow::default_memory_pool(), 2 * kLarge);
  std::vector<uint8_t*> buffers(3);
  for (auto*& buffer : buffers) ASSERT_TRUE(pool.Allocate(kLarge, &buffer).ok());
  for (auto* buffer : buffers) pool.Free(buffer, kLarge);
  EXPECT_EQ(pool.idle_bytes(), 2 * kLarge);
  uint8_t* newest = nullptr;
  ASSERT_TRUE(pool.Allocate(kLarge, &newest).ok());
  EXPECT_EQ(newest, buffers[2]);
  pool.Free(newest, kLarge);
  pool.SetMaxIdle(kLarge);
  EXPECT_EQ(pool.idle_bytes(), kLarge);
  EXPECT_EQ(pool.ReleaseIdle(), kLarge);
  EXPECT_EQ(pool.idle_bytes(), 0);
}

TEST(RecyclingPoolTest, OneAboveTheReserveLeavesTheOthers) {
  RecyclingPool pool(arrow::default_memory_pool(), 2 * kLarge);
  uint8_t* small = nullptr;
  uint8_t* huge = nullptr;
  ASSERT_TRUE(pool.Allocate(kLarge, &small).ok());
  ASSERT_TRUE(pool.Allocate(100 * kLarge, &huge).ok());
  pool.Free(small, kLarge);
  pool.Free(huge, 100 * kLarge);
  EXPECT_EQ(pool.idle_bytes(), kLarge);
}

TEST(RecyclingPoolTest, TheMeterOfATaskKnowsItsPeak) {
  RecyclingPool pool(arrow::default_memory_pool(), 8 * kLarge);
  HeapMeter& meter = HeapMeter::Current();
  meter.Start();
  uint8_t* a = nullptr;
  uint8_t* b = nullptr;
  ASSERT_TRUE(pool.Allocate(3 * kLarge, &a).ok());
  pool.Free(a, 3 * kLarge);
  ASSERT_TRUE(pool.Allocate(2 * kLarge, &b).ok());
  meter.HandOn(2 * kLarge);
  ASSERT_TRUE(pool.Allocate(2 * kLarge, &a).ok());
  EXPECT_EQ(meter.peak_bytes(), 3 * kLarge);
  pool.Free(a, 2 * kLarge);
  pool.Free(b, 2 * kLarge);
}

TEST(RecyclingPoolTest, ReallocateKeepsTheBytesAcrossSizes) {
  RecyclingPool pool(arrow::default_memory_pool(), 8 * kLarge);
  uint8_t* data = nullptr;
  ASSERT_TRUE(pool.Allocate(1000, &data).ok());
  std::memset(data, 7, 1000);
  for (const int64_t size : {kLarge, kLarge + 5, 4 * kLarge, int64_t{500}}) {
    ASSERT_TRUE(pool.Reallocate(pool.bytes_allocated(), size, &data).ok());
    EXPECT_EQ(pool.bytes_allocated(), size);
    for (int i = 0; i < 500; ++i) ASSERT_EQ(data[i], 7);
  }
  pool.Free(data, 500);
  EXPECT_EQ(pool.bytes_allocated(), 0);
}

}  // namespace
}  // namespace headrace::store
