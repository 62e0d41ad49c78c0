// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/restoring_tasks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <set>
#include <thread>

#include "headrace/testkit/blocks.h"

namespace headrace::backend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class RestoringTasksTest : public testing::Test {
 protected:
  RestoringTasksTest() {
    std::filesystem::create_directories(folder_);
    store::SpillOptions spill;
    spill.enabled = true;
    spill.directories = {folder_};
    store_ = task::MakeBlockStore(int64_t{64} << 20, spill);
  }
  ~RestoringTasksTest() override {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// A task whose input is in memory.
  task::TaskSpec MakeTask(int64_t num_rows) {
    task::TaskSpec task;
    task.id = task::NextId();
    task.input = testkit::IotaBundle(*store_, num_rows);
    return task;
  }
  /// One whose input is on disk.
  task::TaskSpec MakeSpilledTask() {
    task::TaskSpec task = MakeTask(/*num_rows=*/200'000);
    while (task.input.blocks()[0].object->resident()) {
      store_->ShrinkTo(0);
      std::this_thread::yield();
    }
    return task;
  }
  void WaitUntilRestored(task::TaskId task) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return restored_.contains(task); });
  }
  std::vector<task::TaskId> IdsOf(const std::vector<RestoringTasks::Waiting>& tasks) {
    std::vector<task::TaskId> ids;
    for (const auto& task : tasks) ids.push_back(task.spec.id);
    return ids;
  }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("headrace-restoring-" + std::to_string(getpid()));
  std::shared_ptr<store::ObjectStore> store_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<task::TaskId> restored_;
  RestoringTasks tasks_{[this](task::TaskId task) {
    const std::scoped_lock lock(mutex_);
    restored_.insert(task);
    changed_.notify_all();
  }};
};

TEST_F(RestoringTasksTest, ATaskWithItsInputInMemoryNeedNotWait) {
  EXPECT_FALSE(tasks_.MustWait(MakeTask(10), /*actor=*/0));
}

TEST_F(RestoringTasksTest, ATaskWaitsUntilItsInputIsBack) {
  task::TaskSpec task = MakeSpilledTask();
  const task::TaskId id = task.id;
  EXPECT_TRUE(tasks_.MustWait(task, /*actor=*/0));
  tasks_.Add(std::move(task), nullptr, /*actor=*/0);
  WaitUntilRestored(id);
  auto ready = tasks_.Restored(id);
  ASSERT_THAT(IdsOf(ready), ElementsAre(id));
  EXPECT_EQ(testkit::Ids(ready[0].spec.input).size(), 200'000);
  EXPECT_THAT(tasks_.Restored(id), IsEmpty());
}

TEST_F(RestoringTasksTest, TasksOfAnActorKeepTheirOrder) {
  const task::ActorId actor = task::NextId();
  task::TaskSpec first = MakeSpilledTask();
  task::TaskSpec second = MakeTask(10);
  const std::vector<task::TaskId> ids = {first.id, second.id};
  tasks_.Add(std::move(first), nullptr, actor);
  EXPECT_TRUE(tasks_.MustWait(second, actor)) << "behind the first";
  EXPECT_FALSE(tasks_.MustWait(second, task::NextId())) << "another actor's is free";
  tasks_.Add(std::move(second), nullptr, actor);
  WaitUntilRestored(ids[1]);
  WaitUntilRestored(ids[0]);
  EXPECT_THAT(tasks_.Restored(ids[1]), IsEmpty()) << "the first has not been told yet";
  EXPECT_EQ(IdsOf(tasks_.Restored(ids[0])), ids);
}

TEST_F(RestoringTasksTest, WhatIsTakenOutIsNotSentLater) {
  class Sink final : public task::CompletionSink {
    void Push(task::Completion) override {}
  } sink;
  const task::ActorId actor = task::NextId();
  std::vector<task::TaskId> ids;
  for (int i = 0; i < 3; ++i) {
    task::TaskSpec task = MakeSpilledTask();
    ids.push_back(task.id);
    tasks_.Add(std::move(task), i == 1 ? &sink : nullptr, i == 2 ? actor : 0);
  }
  EXPECT_TRUE(tasks_.Remove(ids[0]).has_value());
  EXPECT_THAT(IdsOf(tasks_.RemoveOfSink(&sink)), ElementsAre(ids[1]));
  EXPECT_THAT(IdsOf(tasks_.RemoveOfActor(actor)), ElementsAre(ids[2]));
  for (const task::TaskId id : ids) {
    WaitUntilRestored(id);
    EXPECT_THAT(tasks_.Restored(id), IsEmpty());
  }
}

}  // namespace
}  // namespace headrace::backend
