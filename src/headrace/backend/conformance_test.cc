// SPDX-License-Identifier: Apache-2.0
// What task/task_backend.h promises, for every backend that runs without Python. The process lane
// keeps the same promises; python/tests/test_backend_conformance.py asks it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <condition_variable>
#include <future>
#include <mutex>
#include <thread>

#include "headrace/backend/local/local_backend.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/fake_body.h"
#include "headrace/testkit/manual_backend.h"

namespace headrace::backend {
namespace {

using Kind = task::Completion::Kind;
using testing::Each;
using testing::ElementsAre;
using testing::IsEmpty;
using testkit::FakeBody;
using testkit::Ids;
using testkit::Iota;
using testkit::ManualBackend;

/// Keeps what arrives.
class RecordingSink final : public task::CompletionSink {
 public:
  void Push(task::Completion completion) override {
    const std::scoped_lock lock(mutex_);
    completions_.push_back(std::move(completion));
    changed_.notify_all();
  }
  /// The end of `task` once it has come; kTaskFailed without a status if it never does.
  task::Completion WaitForEnd(task::TaskId task) {
    return WaitFor([task](const task::Completion& c) {
      return c.task == task && (c.kind == Kind::kTaskDone || c.kind == Kind::kTaskFailed);
    });
  }
  /// Waits until `task` has put out so many blocks.
  void WaitForBlocks(task::TaskId task, size_t num_blocks) {
    WaitFor([&](const task::Completion&) HR_NO_THREAD_SAFETY_ANALYSIS {
      size_t blocks = 0;
      for (const auto& c : completions_) blocks += c.task == task ? c.blocks.size() : 0;
      return blocks >= num_blocks;
    });
  }
  task::Completion WaitForActor(task::ActorId actor) {
    return WaitFor([actor](const task::Completion& c) {
      return c.actor == actor && (c.kind == Kind::kActorReady || c.kind == Kind::kActorFailed);
    });
  }
  std::vector<task::Completion> completions() {
    const std::scoped_lock lock(mutex_);
    return completions_;
  }
  std::vector<int64_t> Rows(task::TaskId task) {
    std::vector<int64_t> rows;
    for (const auto& completion : completions()) {
      if (completion.task != task) continue;
      for (const int64_t id : Ids(completion.blocks)) rows.push_back(id);
    }
    return rows;
  }
  int NumEnds(task::TaskId task) {
    int ends = 0;
    for (const auto& c : completions()) ends += c.task == task && c.kind != Kind::kBlocks;
    return ends;
  }
  void Clear() {
    const std::scoped_lock lock(mutex_);
    completions_.clear();
  }

 private:
  template <typename Predicate>
  task::Completion WaitFor(Predicate&& predicate) {
    std::unique_lock lock(mutex_);
    auto found = completions_.end();
    changed_.wait_for(lock, ManualBackend::kPatience, [&] {
      found = std::find_if(completions_.begin(), completions_.end(), predicate);
      return found != completions_.end();
    });
    if (found != completions_.end()) return *found;
    ADD_FAILURE() << "it never came";
    task::Completion none;
    none.kind = Kind::kTaskFailed;
    return none;
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<task::Completion> completions_;
};

/// A backend, and whoever makes its tasks go on.
struct Subject {
  std::shared_ptr<task::TaskBackend> backend;
  std::function<void()> drive = [] {};
};

Subject MakeThreadLane() {
  LocalBackendOptions options;
  options.resources = {4, 0, 0};
  return {std::make_shared<LocalBackend>(options)};
}

Subject MakeManual() {
  auto manual = std::make_shared<ManualBackend>();
  return {manual, [manual = manual.get()] {
            for (auto ready = manual->ready(); !ready.empty(); ready = manual->ready()) {
              manual->Finish(ready.front());
            }
          }};
}

using Factory = Subject (*)();

class BackendConformanceTest : public testing::TestWithParam<Factory> {
 protected:
  ~BackendConformanceTest() override {
    subject_.backend->Join(&sink_);
    sink_.Clear();
    EXPECT_EQ(subject_.backend->store()->stats().num_objects, 0);
  }
  task::TaskBackend& backend() { return *subject_.backend; }
  void Drive() { subject_.drive(); }

  task::TaskSpec MakeTask(std::shared_ptr<const task::TaskBody> body, int64_t rows = 3) {
    task::TaskSpec task;
    task.id = task::NextId();
    task.body = std::move(body);
    task.input = testkit::IotaBundle(*backend().store(), rows);
    task.params.task_index = next_index_++;
    task.resources = {1, 0, 0};
    return task;
  }
  task::TaskId Submit(std::shared_ptr<const task::TaskBody> body, int64_t rows = 3) {
    task::TaskSpec task = MakeTask(std::move(body), rows);
    const task::TaskId id = task.id;
    backend().Submit(std::move(task), &sink_);
    return id;
  }
  task::ActorId CreateActor(std::shared_ptr<const task::TaskBody> body) {
    task::ActorSpec actor;
    actor.id = task::NextId();
    actor.body = std::move(body);
    const task::ActorId id = actor.id;
    backend().CreateActor(std::move(actor), &sink_);
    return id;
  }
  task::TaskId SubmitToActor(task::ActorId actor, std::shared_ptr<const task::TaskBody> body,
                             int64_t rows = 3) {
    task::TaskSpec task = MakeTask(std::move(body), rows);
    const task::TaskId id = task.id;
    backend().SubmitToActor(actor, std::move(task));
    return id;
  }

  RecordingSink sink_;
  Subject subject_ = GetParam()();
  int64_t next_index_ = 0;
};

TEST_P(BackendConformanceTest, ATaskGivesItsBlocksInOrderAndThenItsEnd) {
  const task::TaskId task = Submit(std::make_shared<FakeBody>(
      "rows", [](const auto& inputs, const auto&, task::TaskOutput& out) {
        for (int64_t row = 0; row < inputs[0].num_rows(); ++row) {
          ARROW_RETURN_NOT_OK(out.Put(inputs[0].Slice(row, 1)));
        }
        return Status::OK();
      }));
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(task).kind, Kind::kTaskDone);
  EXPECT_EQ(sink_.Rows(task), Iota(3));
  backend().Join(&sink_);
  const auto completions = sink_.completions();
  ASSERT_FALSE(completions.empty());
  EXPECT_EQ(completions.back().kind, Kind::kTaskDone) << "blocks come before the end";
  EXPECT_EQ(sink_.NumEnds(task), 1);
}

TEST_P(BackendConformanceTest, AnErrorEndsTheTaskAndIsNotRetryable) {
  const task::TaskId task =
      Submit(std::make_shared<FakeBody>("bad", [](const auto&, const auto&, auto&) {
        return MakeError(arrow::StatusCode::Invalid, ErrorKind::kUserCode, "raised", "pickle");
      }));
  Drive();
  const task::Completion end = sink_.WaitForEnd(task);
  EXPECT_EQ(end.kind, Kind::kTaskFailed);
  EXPECT_FALSE(end.retryable);
  EXPECT_EQ(end.status.message(), "raised");
  EXPECT_EQ(GetErrorDetail(end.status)->payload(), "pickle");
}

TEST_P(BackendConformanceTest, ABodyThatCannotBeMadeReadyFailsTheTask) {
  auto body = std::make_shared<FakeBody>("bad");
  body->set_runner_error(Status::Invalid("no such function"));
  const task::TaskId task = Submit(std::move(body));
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(task).status.message(), "no such function");
}

TEST_P(BackendConformanceTest, ManyTasksEachEndOnce) {
  std::vector<task::TaskId> tasks;
  const auto body = std::make_shared<FakeBody>();
  for (int64_t i = 0; i < 200; ++i) tasks.push_back(Submit(body, 1));
  Drive();
  for (const task::TaskId task : tasks) {
    EXPECT_EQ(sink_.WaitForEnd(task).kind, Kind::kTaskDone);
    EXPECT_EQ(sink_.NumEnds(task), 1);
    EXPECT_THAT(sink_.Rows(task), ElementsAre(0));
  }
}

TEST_P(BackendConformanceTest, TasksOfAnActorRunInTheOrderOfSubmission) {
  auto order = std::make_shared<std::vector<int64_t>>();
  const auto body = std::make_shared<FakeBody>(
      "note", [order](const auto& inputs, const task::TaskParams& params, auto&) {
        order->push_back(params.task_index);  // of one actor: one at a time
        return Status::OK();
      });
  const task::ActorId actor = CreateActor(body);
  std::vector<task::TaskId> tasks;
  for (int i = 0; i < 20; ++i) tasks.push_back(SubmitToActor(actor, body));
  EXPECT_EQ(sink_.WaitForActor(actor).kind, Kind::kActorReady);
  Drive();
  for (const task::TaskId task : tasks) EXPECT_EQ(sink_.WaitForEnd(task).kind, Kind::kTaskDone);
  backend().Join(&sink_);
  EXPECT_EQ(*order, Iota(20));
}

TEST_P(BackendConformanceTest, AnActorThatCannotBeMadeIsReportedAndItsTasksFail) {
  auto body = std::make_shared<FakeBody>("model");
  body->set_runner_error(
      MakeError(arrow::StatusCode::Invalid, ErrorKind::kUserCode, "no weights", "pickle"));
  const task::ActorId actor = CreateActor(body);
  const task::TaskId task = SubmitToActor(actor, body);
  const task::Completion failed = sink_.WaitForActor(actor);
  EXPECT_EQ(failed.kind, Kind::kActorFailed);
  EXPECT_THAT(failed.status.message(), testing::HasSubstr("no weights"));
  EXPECT_EQ(GetErrorDetail(failed.status)->kind(), ErrorKind::kActorDied);
  EXPECT_EQ(GetErrorDetail(failed.status)->payload(), "pickle");
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(task).kind, Kind::kTaskFailed);
  const task::TaskId late = SubmitToActor(actor, body);
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(late).kind, Kind::kTaskFailed);
}

TEST_P(BackendConformanceTest, KillingAnActorEndsItsTasksAndIsNoNews) {
  const auto body = std::make_shared<FakeBody>("model");
  const task::ActorId actor = CreateActor(body);
  EXPECT_EQ(sink_.WaitForActor(actor).kind, Kind::kActorReady);
  std::vector<task::TaskId> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back(SubmitToActor(actor, body));
  backend().KillActor(actor);
  Drive();
  for (const task::TaskId task : tasks) {
    sink_.WaitForEnd(task);
    EXPECT_EQ(sink_.NumEnds(task), 1);
  }
  for (const auto& completion : sink_.completions()) {
    EXPECT_NE(completion.kind, Kind::kActorFailed);
  }
}

TEST_P(BackendConformanceTest, ACancelledTaskEndsSoon) {
  const task::TaskId task =
      Submit(std::make_shared<FakeBody>("endless", [](const auto& inputs, const auto&, auto& out) {
        Status status;
        while (status.ok()) {
          status = out.cancelled() ? out.Put(inputs[0]) : Status::OK();
          std::this_thread::yield();
        }
        return status;
      }));
  backend().Cancel(task);
  Drive();
  const task::Completion end = sink_.WaitForEnd(task);
  EXPECT_EQ(end.kind, Kind::kTaskFailed);
  EXPECT_EQ(GetErrorDetail(end.status)->kind(), ErrorKind::kCancelled);
  EXPECT_FALSE(end.retryable);
}

TEST_P(BackendConformanceTest, CancellingAnEndedTaskDoesNothing) {
  const task::TaskId task = Submit(std::make_shared<FakeBody>());
  Drive();
  sink_.WaitForEnd(task);
  backend().Cancel(task);
  backend().Cancel(task::NextId());
  EXPECT_EQ(sink_.NumEnds(task), 1);
}

TEST_P(BackendConformanceTest, AfterJoinEverythingHasEndedOnceAndNothingMoreArrives) {
  const auto body = std::make_shared<FakeBody>();
  const task::ActorId actor = CreateActor(body);
  EXPECT_EQ(sink_.WaitForActor(actor).kind, Kind::kActorReady);
  std::vector<task::TaskId> tasks;
  for (int i = 0; i < 50; ++i) {
    tasks.push_back(i % 2 == 0 ? Submit(body) : SubmitToActor(actor, body));
  }
  backend().Join(&sink_);
  const size_t arrived = sink_.completions().size();
  for (const task::TaskId task : tasks) EXPECT_EQ(sink_.NumEnds(task), 1);
  backend().Join(&sink_);
  Drive();
  EXPECT_EQ(sink_.completions().size(), arrived);
}

TEST_P(BackendConformanceTest, JoinLeavesTheTasksOfOthersAlone) {
  RecordingSink other;
  task::TaskSpec task = MakeTask(std::make_shared<FakeBody>());
  const task::TaskId id = task.id;
  backend().Submit(std::move(task), &other);
  backend().Join(&sink_);
  Drive();
  EXPECT_EQ(other.WaitForEnd(id).kind, Kind::kTaskDone);
  backend().Join(&other);
  other.Clear();
}

/// Puts out ten blocks of one row; `acknowledged` says how many the test has taken.
std::shared_ptr<FakeBody> TenBlocks(const std::shared_ptr<std::atomic<int>>& acknowledged) {
  return std::make_shared<FakeBody>(
      "ten", [acknowledged](const auto& inputs, const auto&, task::TaskOutput& out) -> Status {
        for (int i = 1; i <= 10; ++i) {
          ARROW_RETURN_NOT_OK(out.Put(inputs[0].Slice(0, 1)));
          // With two unread blocks Put() does not come back.
          EXPECT_GE(acknowledged->load(), i - 1);
        }
        return Status::OK();
      });
}

TEST_P(BackendConformanceTest, ATaskWhoseBlocksNobodyTakesPausesUntilTheyAreAcknowledged) {
  const auto acknowledged = std::make_shared<std::atomic<int>>(0);
  task::TaskSpec task = MakeTask(TenBlocks(acknowledged));
  const task::TaskId id = task.id;
  task.params.max_unread_blocks = 2;
  task.params.target_min_block_size = 1;
  backend().Submit(std::move(task), &sink_);
  for (int taken = 0; taken < 10; ++taken) {
    Drive();
    sink_.WaitForBlocks(id, std::min(10, taken + 2));
    ++*acknowledged;
    backend().Acknowledge(id, 1);
  }
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(id).kind, Kind::kTaskDone);
  EXPECT_EQ(sink_.NumEnds(id), 1);
  EXPECT_EQ(sink_.Rows(id).size(), 10);
  backend().Acknowledge(id, 1);  // too late: nothing happens
}

TEST_P(BackendConformanceTest, TinyBlocksDoNotPauseATask) {
  task::TaskSpec task = MakeTask(TenBlocks(std::make_shared<std::atomic<int>>(10)));
  const task::TaskId id = task.id;
  task.params.max_unread_blocks = 2;
  backend().Submit(std::move(task), &sink_);
  Drive();
  EXPECT_EQ(sink_.WaitForEnd(id).kind, Kind::kTaskDone);
}

TEST_P(BackendConformanceTest, CancellationEndsAPause) {
  task::TaskSpec task = MakeTask(TenBlocks(std::make_shared<std::atomic<int>>(10)));
  const task::TaskId id = task.id;
  task.params.max_unread_blocks = 2;
  task.params.target_min_block_size = 1;
  backend().Submit(std::move(task), &sink_);
  Drive();
  sink_.WaitForBlocks(id, 2);
  backend().Cancel(id);
  Drive();
  const task::Completion end = sink_.WaitForEnd(id);
  EXPECT_EQ(end.kind, Kind::kTaskFailed);
  EXPECT_EQ(GetErrorDetail(end.status)->kind(), ErrorKind::kCancelled);
}

TEST_P(BackendConformanceTest, JoinEndsPausedTasksOfTasksAndActors) {
  const auto body = TenBlocks(std::make_shared<std::atomic<int>>(10));
  const task::ActorId actor = CreateActor(body);
  EXPECT_EQ(sink_.WaitForActor(actor).kind, Kind::kActorReady);
  std::vector<task::TaskId> tasks;
  for (int i = 0; i < 4; ++i) {
    task::TaskSpec task = MakeTask(body);
    tasks.push_back(task.id);
    task.params.max_unread_blocks = 2;
    task.params.target_min_block_size = 1;
    if (i % 2 == 0) {
      backend().Submit(std::move(task), &sink_);
    } else {
      backend().SubmitToActor(actor, std::move(task));
    }
  }
  Drive();
  sink_.WaitForBlocks(tasks[0], 2);
  sink_.WaitForBlocks(tasks[1], 2);
  backend().Join(&sink_);
  for (const task::TaskId task : tasks) EXPECT_EQ(sink_.NumEnds(task), 1);
}

TEST_P(BackendConformanceTest, TheInputIsFreeWhenTheEndIsReported) {
  const task::TaskId task = Submit(std::make_shared<FakeBody>(
      "drop", [](const auto&, const auto&, auto&) { return Status::OK(); }));
  EXPECT_LE(backend().store()->stats().num_objects, 1);
  Drive();
  sink_.WaitForEnd(task);
  EXPECT_EQ(backend().store()->stats().num_objects, 0);
}

INSTANTIATE_TEST_SUITE_P(Backends, BackendConformanceTest,
                         testing::Values(&MakeThreadLane, &MakeManual), [](const auto& info) {
                           return info.index == 0 ? "ThreadLane" : "Manual";
                         });

}  // namespace
}  // namespace headrace::backend
