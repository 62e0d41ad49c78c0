// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/collected_rows.h"

#include <gtest/gtest.h>

#include "headrace/store/recycling_pool.h"

namespace headrace::worker {
namespace {

TEST(CollectedRowsTest, OnlyTheFirstTaskGivesBackWhatTheFirstHalfUsed) {
  constexpr int64_t kBytes = 1 << 20;
  store::RecyclingPool pool(arrow::default_memory_pool(), 8 * kBytes);
  uint8_t* buffer = nullptr;
  ASSERT_TRUE(pool.Allocate(kBytes, &buffer).ok());
  pool.Free(buffer, kBytes);
  StepContext context;
  context.pool = &pool;
  TaskInfo task;
  task.task_index = 1;
  GiveBackFirstHalf(task, context);
  EXPECT_EQ(pool.idle_bytes(), kBytes);
  task.task_index = 0;
  GiveBackFirstHalf(task, context);
  EXPECT_EQ(pool.idle_bytes(), 0);
}

}  // namespace
}  // namespace headrace::worker
