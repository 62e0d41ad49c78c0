// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/completion_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

task::Completion Done(task::TaskId task) {
  task::Completion completion;
  completion.task = task;
  return completion;
}

TEST(CompletionQueueTest, GivesEverythingThatHasArrivedInOrder) {
  CompletionQueue queue;
  queue.Push(Done(1));
  queue.Push(Done(2));
  const auto drained = queue.Drain(std::nullopt);
  ASSERT_EQ(drained.size(), 2);
  EXPECT_EQ(drained[0].task, 1);
  EXPECT_EQ(drained[1].task, 2);
}

TEST(CompletionQueueTest, ReturnsNothingAtItsDeadline) {
  CompletionQueue queue;
  EXPECT_TRUE(queue.Drain(std::chrono::steady_clock::now()).empty());
}

TEST(CompletionQueueTest, AWakeIsRememberedUntilTheNextDrain) {
  CompletionQueue queue;
  queue.Wake();
  EXPECT_TRUE(queue.Drain(std::nullopt).empty());
}

TEST(CompletionQueueTest, APushFromAnotherThreadWakesTheReader) {
  CompletionQueue queue;
  std::thread writer([&] { queue.Push(Done(7)); });
  const auto drained = queue.Drain(std::nullopt);
  writer.join();
  ASSERT_EQ(drained.size(), 1);
  EXPECT_EQ(drained[0].task, 7);
}

TEST(CompletionQueueTest, DropsWhatArrivesAfterClose) {
  const auto store = task::MakeBlockStore(-1);
  CompletionQueue queue;
  task::Completion completion = Done(1);
  completion.blocks = testkit::IotaBundle(*store, 3).blocks();
  queue.Push(completion);
  queue.Close();
  queue.Push(std::move(completion));
  EXPECT_TRUE(queue.Drain(std::nullopt).empty());
  completion = {};
  EXPECT_EQ(store->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::exec
