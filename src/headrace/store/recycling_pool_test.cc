// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/recycling_pool.h"

#include <gtest/gtest.h>

#include <cstring>

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
