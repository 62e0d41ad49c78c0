// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/task_bundler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testkit::IotaBundle;

class TaskBundlerTest : public testing::Test {
 protected:
  void Fill(TaskBundler& bundler, int blocks, int64_t rows = 2) {
    for (int i = 0; i < blocks; ++i) bundler.Add(IotaBundle(*store_, rows));
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(TaskBundlerTest, GivesOneBundlePerTaskUntilTasksHaveBeenSeen) {
  TaskBundler bundler({});
  Fill(bundler, 100);
  EXPECT_EQ(bundler.Next().blocks().size(), 1);
  EXPECT_EQ(bundler.num_blocks(), 99);
}

TEST_F(TaskBundlerTest, GroupsTinyBlocksOnceTasksTurnOutFast) {
  TaskBundler bundler({.num_slots = 1});
  Fill(bundler, 400);
  bundler.Observe(/*num_blocks=*/1, /*seconds=*/1e-4);
  EXPECT_EQ(bundler.Next().blocks().size(), 100) << "10 ms worth, and a quarter of the queue";
}

TEST_F(TaskBundlerTest, ABundleWithAnArgumentHasATaskOfItsOwn) {
  TaskBundler bundler({.min_rows = 100});
  Fill(bundler, 1);
  task::RefBundle part = IotaBundle(*store_, 2);
  part.set_argument("part 1");
  bundler.Add(part);
  Fill(bundler, 1);
  bundler.InputDone();
  EXPECT_EQ(bundler.Next().num_rows(), 2);
  const task::RefBundle second = bundler.Next();
  EXPECT_EQ(second.num_rows(), 2);
  EXPECT_EQ(second.argument(), "part 1");
  EXPECT_EQ(bundler.Next().argument(), "");
}

TEST_F(TaskBundlerTest, DoesNotGroupSlowTasks) {
  TaskBundler bundler({});
  Fill(bundler, 400);
  bundler.Observe(1, 0.5);
  EXPECT_EQ(bundler.Next().blocks().size(), 1);
}

TEST_F(TaskBundlerTest, DoesNotGroupWhenItMayNot) {
  TaskBundler bundler({.may_group = false});
  Fill(bundler, 400);
  bundler.Observe(1, 1e-6);
  EXPECT_EQ(bundler.Next().blocks().size(), 1);
}

TEST_F(TaskBundlerTest, WaitsForEnoughBytesAndSharesTheRestBetweenTheSlots) {
  const int64_t each = IotaBundle(*store_, 2).size_bytes();
  TaskBundler bundler({.min_bytes = 3 * each, .num_slots = 2});
  Fill(bundler, 2);
  EXPECT_FALSE(bundler.HasTask());
  Fill(bundler, 5);
  EXPECT_EQ(bundler.Next().blocks().size(), 3);
  bundler.InputDone();
  EXPECT_EQ(bundler.Next().blocks().size(), 2);
  EXPECT_EQ(bundler.Next().blocks().size(), 1);
  EXPECT_EQ(bundler.Next().blocks().size(), 1);
  EXPECT_FALSE(bundler.HasTask());
}

TEST_F(TaskBundlerTest, WaitsForEnoughRowsAndGivesTheRestAtTheEnd) {
  TaskBundler bundler({.min_rows = 5});
  Fill(bundler, 2);
  EXPECT_FALSE(bundler.HasTask());
  Fill(bundler, 2);
  ASSERT_TRUE(bundler.HasTask());
  EXPECT_EQ(bundler.Next().num_rows(), 6);
  EXPECT_FALSE(bundler.HasTask());
  bundler.InputDone();
  ASSERT_TRUE(bundler.HasTask());
  EXPECT_EQ(bundler.Next().num_rows(), 2);
  EXPECT_FALSE(bundler.HasTask());
}

TEST_F(TaskBundlerTest, CountsBytesExactly) {
  TaskBundler bundler({});
  Fill(bundler, 3);
  EXPECT_EQ(bundler.bytes(), 3 * 16);
  bundler.Next();
  EXPECT_EQ(bundler.bytes(), 2 * 16);
  bundler.Clear();
  EXPECT_EQ(bundler.bytes(), 0);
  EXPECT_TRUE(bundler.empty());
  EXPECT_EQ(store_->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::exec
