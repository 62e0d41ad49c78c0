// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/exchange_sizes.h"

#include <gtest/gtest.h>

namespace headrace::planner {
namespace {

constexpr int64_t kMiB = 1 << 20;
constexpr int64_t kGiB = 1 << 30;

PlanContext TwoSlots(int64_t block_bytes) {
  PlanContext context;
  context.num_cpus = 2;
  context.data.target_max_block_size = block_bytes;
  return context;
}

TEST(ExchangeSizesTest, RunsAreMuchShorterThanWhatATaskIsGiven) {
  const auto sizes = ExchangeSizes::For(TwoSlots(128 * kMiB), kGiB);
  EXPECT_EQ(sizes.run_bytes, 32 * kMiB);
  EXPECT_EQ(sizes.hash_run_bytes, 16 * kMiB);
  EXPECT_EQ(sizes.bundle_bytes, 128 * kMiB);
  EXPECT_EQ(sizes.partition_bytes, 128 * kMiB);
}

TEST(ExchangeSizesTest, ManyPartitionsAskForLongerRuns) {
  const auto sizes = ExchangeSizes::For(TwoSlots(128 * kMiB), 15 * kGiB);
  EXPECT_EQ(sizes.num_partitions, 121);
  EXPECT_EQ(sizes.run_bytes, 121 * kMiB);
  EXPECT_EQ(sizes.hash_run_bytes, 121 * kMiB / 4);
}

TEST(ExchangeSizesTest, ARunIsNeverMoreThanTwoBlocks) {
  const auto large = ExchangeSizes::For(TwoSlots(128 * kMiB), 1000 * kGiB);
  EXPECT_EQ(large.run_bytes, 256 * kMiB);
  EXPECT_EQ(large.hash_run_bytes, 256 * kMiB);
  const auto tight = ExchangeSizes::For(TwoSlots(4 * kMiB), kGiB, /*wanted=*/1000);
  EXPECT_EQ(tight.run_bytes, 8 * kMiB);
  EXPECT_EQ(tight.hash_run_bytes, 8 * kMiB);
  EXPECT_EQ(tight.bundle_bytes, 8 * kMiB);
}

}  // namespace
}  // namespace headrace::planner
