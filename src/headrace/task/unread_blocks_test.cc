// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/unread_blocks.h"

#include <gtest/gtest.h>

namespace headrace::task {
namespace {

TaskParams Params(int64_t max_unread_blocks, int64_t target_min_block_size) {
  TaskParams params;
  params.max_unread_blocks = max_unread_blocks;
  params.target_min_block_size = target_min_block_size;
  return params;
}

TEST(UnreadBlocksTest, IsFullWithEnoughBlocksOfEnoughBytes) {
  UnreadBlocks unread(Params(2, 100));
  unread.Add(500);
  EXPECT_FALSE(unread.full()) << "one block only";
  unread.Add(1);
  EXPECT_TRUE(unread.full());
  unread.Acknowledge(1);
  EXPECT_FALSE(unread.full());
  EXPECT_EQ(unread.bytes(), 1);
}

TEST(UnreadBlocksTest, TinyBlocksDoNotStopATask) {
  UnreadBlocks unread(Params(2, 100));
  for (int i = 0; i < 99; ++i) unread.Add(1);
  EXPECT_FALSE(unread.full());
  unread.Add(1);
  EXPECT_TRUE(unread.full());
}

TEST(UnreadBlocksTest, WithoutABoundItIsNeverFull) {
  UnreadBlocks unread(Params(0, 0));
  for (int i = 0; i < 10; ++i) unread.Add(1000);
  EXPECT_FALSE(unread.full());
  EXPECT_EQ(unread.num_blocks(), 0) << "and counts nothing";
}

TEST(UnreadBlocksTest, MoreAcknowledgedThanThereAreIsNoDebt) {
  UnreadBlocks unread(Params(1, 0));
  unread.Add(10);
  unread.Acknowledge(5);
  unread.Add(10);
  EXPECT_TRUE(unread.full());
}

}  // namespace
}  // namespace headrace::task
