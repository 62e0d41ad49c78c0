// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/running_tasks.h"

#include <gtest/gtest.h>

namespace headrace::exec {
namespace {

TEST(RunningTasksTest, ATaskKeepsItsMemoryUntilItEnds) {
  const auto memory = std::make_shared<store::MemoryLedger>(1000);
  RunningTasks tasks(memory);
  tasks.Start(1, /*node=*/3, std::nullopt, 100);
  tasks.Start(2, 4, std::nullopt, 50);
  EXPECT_EQ(memory->heap_bytes(), 150);
  EXPECT_EQ(tasks.NodeOf(1), 3);
  tasks.End(1);
  tasks.End(1);
  EXPECT_EQ(memory->heap_bytes(), 50);
  EXPECT_FALSE(tasks.NodeOf(1).has_value());
}

TEST(RunningTasksTest, TheTasksOfAnActorShareOnePromise) {
  const auto memory = std::make_shared<store::MemoryLedger>(1000);
  RunningTasks tasks(memory);
  tasks.Start(1, 0, /*actor=*/7, 100);
  tasks.Start(2, 0, 7, 100);
  tasks.Start(3, 0, 8, 100);
  EXPECT_EQ(memory->heap_bytes(), 200);
  tasks.End(1);
  EXPECT_EQ(memory->heap_bytes(), 200) << "the second one works now";
  tasks.End(2);
  tasks.End(3);
  EXPECT_EQ(memory->heap_bytes(), 0);
}

}  // namespace
}  // namespace headrace::exec
