// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/memory_sizes.h"

#include <gtest/gtest.h>

namespace headrace::api {
namespace {

constexpr int64_t kMib = 1 << 20;
constexpr int64_t kGib = 1 << 30;

TEST(MemorySizesTest, ALargeCeilingChangesNothing) {
  const MemorySizes sizes = DivideMemory(64 * kGib, std::nullopt, 8);
  EXPECT_EQ(sizes.object_store, static_cast<int64_t>(64 * kGib * 0.3));
  EXPECT_EQ(sizes.idle_segments, 256 * kMib);
  EXPECT_EQ(sizes.idle_buffers, 128 * kMib);
  EXPECT_EQ(sizes.worker_idle, 64 * kMib);
  EXPECT_EQ(sizes.worker_malloc_keep, 512 * kMib);
  EXPECT_GE(sizes.max_block, 128 * kMib);
}

TEST(MemorySizesTest, ASmallCeilingMakesSmallBlocksAndPools) {
  const MemorySizes sizes = DivideMemory(256 * kMib, std::nullopt, 2);
  EXPECT_EQ(sizes.max_block, 8 * kMib);
  EXPECT_EQ(sizes.idle_buffers, 16 * kMib);
  EXPECT_EQ(sizes.worker_idle, 8 * kMib);
  EXPECT_EQ(sizes.worker_malloc_keep, 8 * kMib);
}

TEST(MemorySizesTest, BlocksAreNeverSmallerThanAMegabyte) {
  EXPECT_EQ(DivideMemory(kMinCeiling, std::nullopt, 64).max_block, kMib);
}

TEST(MemorySizesTest, TheUsersStoreSizeWins) {
  EXPECT_EQ(DivideMemory(kGib, 123, 2).object_store, 123);
}

TEST(MemorySizesTest, BlocksFollowAStoreThatTheUserMadeSmall) {
  const MemorySizes sizes = DivideMemory(64 * kGib, 240 * kMib, 2);
  EXPECT_EQ(sizes.max_block, 25 * kMib);
  EXPECT_EQ(sizes.idle_buffers, 50 * kMib);
  EXPECT_EQ(sizes.ceiling, 64 * kGib);
  EXPECT_EQ(DivideMemory(kGib, 900 * kMib, 2).max_block, 32 * kMib)
      << "a large one changes nothing";
}

/// The rule of thumb of docs/guide/memory.md.
TEST(MemorySizesTest, SixteenBlocksPerSlotFitUnderEveryCeiling) {
  for (const int slots : {1, 2, 7, 64}) {
    for (int64_t ceiling = kMinCeiling; ceiling < 64 * kGib; ceiling *= 3) {
      const int64_t block = DivideMemory(ceiling, std::nullopt, slots).max_block;
      EXPECT_TRUE(block == kMib || 16 * slots * block <= ceiling);
    }
  }
}

}  // namespace
}  // namespace headrace::api
