// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/thread_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <barrier>
#include <future>
#include <stdexcept>

#include "headrace/testkit/blocks.h"
#include "headrace/testkit/fake_body.h"

namespace headrace::backend {
namespace {

using testkit::FakeBody;

class CountingSink final : public task::CompletionSink {
 public:
  void Push(task::Completion completion) override {
    const std::scoped_lock lock(mutex_);
    last_ = completion.status;
    ends_ += completion.kind == task::Completion::Kind::kTaskDone ||
             completion.kind == task::Completion::Kind::kTaskFailed;
  }
  int ends() {
    const std::scoped_lock lock(mutex_);
    return ends_;
  }
  Status last() {
    const std::scoped_lock lock(mutex_);
    return last_;
  }

 private:
  std::mutex mutex_;
  int ends_ = 0;
  Status last_;
};

class ThreadLaneTest : public testing::Test {
 protected:
  task::TaskSpec MakeTask(std::shared_ptr<const task::TaskBody> body) {
    task::TaskSpec task;
    task.id = task::NextId();
    task.body = std::move(body);
    task.resources = {1, 0, 0};
    return task;
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  CountingSink sink_;
};

TEST_F(ThreadLaneTest, TasksRunAtTheSameTime) {
  ThreadLane lane(store_);
  std::barrier meet(3);  // only passed when all three run
  const auto body = std::make_shared<FakeBody>("meet", [&](const auto&, const auto&, auto&) {
    meet.arrive_and_wait();
    return Status::OK();
  });
  for (int i = 0; i < 2; ++i) lane.Submit(MakeTask(body), &sink_);
  meet.arrive_and_wait();
  lane.Join(&sink_);
  EXPECT_EQ(sink_.ends(), 2);
}

TEST_F(ThreadLaneTest, CountsTheSlotsOfItsTasks) {
  ThreadLane lane(store_);
  std::promise<void> go;
  const auto body = std::make_shared<FakeBody>(
      "wait", [wait = go.get_future().share()](const auto&, const auto&, auto&) {
        wait.wait();
        return Status::OK();
      });
  lane.Submit(MakeTask(body), &sink_);
  lane.Submit(MakeTask(body), &sink_);
  EXPECT_EQ(lane.UsedResources().cpu, 2);
  go.set_value();
  lane.Join(&sink_);
  EXPECT_EQ(lane.UsedResources().cpu, 0);
}

TEST_F(ThreadLaneTest, AnExceptionBecomesTheErrorOfItsTask) {
  ThreadLane lane(store_);
  lane.Submit(MakeTask(std::make_shared<FakeBody>("thrower",
                                                  [](const auto&, const auto&, auto&) -> Status {
                                                    throw std::runtime_error("from a library");
                                                  })),
              &sink_);
  while (sink_.ends() == 0) std::this_thread::yield();
  EXPECT_THAT(sink_.last().message(),
              testing::AllOf(testing::HasSubstr("thrower"), testing::HasSubstr("from a library")));
  lane.Join(&sink_);
}

TEST_F(ThreadLaneTest, SaysWhichActorsItDoesNotKnow) {
  ThreadLane lane(store_);
  EXPECT_FALSE(lane.SubmitToActor(task::NextId(), MakeTask(std::make_shared<FakeBody>())));
}

TEST_F(ThreadLaneTest, TheRunnerOfAKilledActorMayAskTheLaneWhileItGoes) {
  // A runner's destructor is the user's code; with Python it waits for the interpreter, whose
  // holder may be asking the lane something.
  ThreadLane lane(store_);
  struct Asks {
    explicit Asks(ThreadLane* of) : lane(of) {}
    ~Asks() { lane->UsedResources(); }
    ThreadLane* const lane;
  };
  task::ActorSpec actor;
  actor.id = task::NextId();
  actor.body = std::make_shared<FakeBody>(
      "asks", [asks = std::make_shared<Asks>(&lane)](const auto&, const auto&, auto&) {
        return Status::OK();
      });
  const task::ActorId id = actor.id;
  lane.CreateActor(std::move(actor), &sink_);
  lane.KillActor(id);
  lane.Join(&sink_);
}

TEST_F(ThreadLaneTest, EndsWithIdleThreads) {
  auto lane = std::make_unique<ThreadLane>(store_);
  for (int i = 0; i < 20; ++i) lane->Submit(MakeTask(std::make_shared<FakeBody>()), &sink_);
  lane->Join(&sink_);
  lane.reset();
  EXPECT_EQ(sink_.ends(), 20);
}

}  // namespace
}  // namespace headrace::backend
