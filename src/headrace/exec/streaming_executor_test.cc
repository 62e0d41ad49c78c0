// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/streaming_executor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/test_run.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testkit::FakeBody;
using testkit::Iota;
using testkit::ManualBackend;
using testkit::RoomyOptions;
using testkit::TestRun;
using testkit::TopologyBuilder;

class StreamingExecutorTest : public testing::Test {
 protected:
  std::shared_ptr<ManualBackend> backend_ = std::make_shared<ManualBackend>();
  TopologyBuilder plan_{backend_->store()};
};

TEST_F(StreamingExecutorTest, RetriesOnlyTheTaskWhoseWorkerDied) {
  plan_.Range(30, 3);
  plan_.Map("identity");
  TestRun run(plan_, backend_);
  backend_->Finish(0);
  backend_->Kill(1);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(30));
  EXPECT_THAT(backend_->attempts(), ElementsAre(1, 2, 1));
}

TEST_F(StreamingExecutorTest, ARepeatedTaskGivesNoRowTwice) {
  plan_.Range(4, 1);
  plan_.Map("one row per block", [](auto& options) {
    options.body = std::make_shared<FakeBody>(
        "one row per block", [](const auto& inputs, const auto&, task::TaskOutput& out) {
          for (int64_t row = 0; row < inputs[0].num_rows(); ++row) {
            ARROW_RETURN_NOT_OK(out.Put(inputs[0].Slice(row, 1)));
          }
          return Status::OK();
        });
  });
  TestRun run(plan_, backend_);
  backend_->PutOut(0, 2);
  backend_->Kill(0);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(4));
}

TEST_F(StreamingExecutorTest, FailsAfterTheLastRetryNamingTheOperator) {
  plan_.Range(3, 1);
  plan_.Map("identity", [](auto& options) { options.max_retries = 1; });
  TestRun run(plan_, backend_);
  backend_->Kill(0);
  backend_->Kill(0);
  const Status status = run.Wait();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kWorkerCrashed);
  EXPECT_EQ(GetErrorDetail(status)->operator_name(), "identity");
}

TEST_F(StreamingExecutorTest, KeepsOrderWhenTasksFinishOutOfOrder) {
  plan_.Range(40, 4);
  plan_.Map("a");
  plan_.Map("b", [](auto& options) { options.resources = {0, 0, 0}; });
  TestRun run(plan_, backend_);
  for (const int task : {3, 1, 2, 0}) backend_->Finish(task);
  backend_->Settle();
  EXPECT_THAT(backend_->running_names(), ElementsAre("b", "b", "b", "b"));
  for (const int task : {6, 7, 4, 5}) backend_->Finish(task);
  EXPECT_EQ(run.Rows(), Iota(40));
}

TEST_F(StreamingExecutorTest, RowsBeforeAGapReachTheConsumerWhileTheRestRuns) {
  plan_.Range(4, 2);
  plan_.Map("identity");
  TestRun run(plan_, backend_);
  backend_->Finish(0);
  const auto first = run.executor().Take();
  ASSERT_TRUE(first.ok());
  EXPECT_THAT(testkit::Ids(*first), ElementsAre(0, 1));
  EXPECT_THAT(backend_->running(), ElementsAre(1));
  backend_->Finish(1);
  EXPECT_THAT(run.Rows(), ElementsAre(2, 3));
}

TEST_F(StreamingExecutorTest, LimitStopsUpstream) {
  plan_.Range(1000, 100);
  plan_.Map("identity");
  plan_.Limit(15);
  TestRun run(plan_, backend_);
  backend_->Finish(0);
  backend_->Finish(1);
  EXPECT_EQ(run.Rows(), Iota(15));
  EXPECT_THAT(backend_->attempts(), SizeIs(testing::Le(8)));
  run.End();
  EXPECT_EQ(backend_->store()->stats().num_objects, 0);
}

TEST_F(StreamingExecutorTest, LimitCancelsWhatStillRunsUpstream) {
  plan_.Range(100, 10);
  const int first = plan_.Map("identity");
  plan_.Limit(5);
  const int limited = 2;
  plan_.Range(10, 1, /*begin=*/100);
  const int second = plan_.Map("other");
  plan_.Union({limited, second});
  ASSERT_EQ(first, 1);
  ExecutorOptions options = RoomyOptions();
  options.limits.slots.cpu = 8;
  TestRun run(plan_, backend_, options);
  backend_->Settle();
  const auto number_of = [&](const std::string& name) {
    const auto names = backend_->running_names();
    return backend_->running()[std::find(names.begin(), names.end(), name) - names.begin()];
  };
  const size_t num_running = backend_->running().size();
  const int other = number_of("other");
  backend_->Finish(number_of("identity"));
  backend_->Settle();
  // All but "other", and the one that ended if its end came after its blocks.
  EXPECT_THAT(backend_->cancelled(), SizeIs(testing::AnyOf(num_running - 2, num_running - 1)));
  backend_->Finish(other);
  backend_->FinishAll();
  std::vector<int64_t> expected = Iota(5);
  for (const int64_t id : Iota(10, 100)) expected.push_back(id);
  EXPECT_EQ(run.Rows(), expected);
}

TEST_F(StreamingExecutorTest, SlotsHoldBackSubmission) {
  plan_.Range(10, 10);
  plan_.Map("identity");
  ExecutorOptions options = RoomyOptions();
  options.limits.slots.cpu = 2;
  TestRun run(plan_, backend_, options);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), ElementsAre(0, 1));
  backend_->Finish(0);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), ElementsAre(1, 2));
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
}

TEST_F(StreamingExecutorTest, BudgetHoldsBackSubmission) {
  plan_.Range(10, 10);
  plan_.Map("identity", [](auto& options) { options.expected_output_bytes = 400; });
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 1000;
  TestRun run(plan_, backend_, options);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(2)) << "two tasks of 400 bytes, four slots";
  EXPECT_EQ(run.executor().snapshot().operators[1].name, "identity");
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
  EXPECT_GT(run.executor().snapshot().operators[1].counters.backpressure_s, 0);
}

TEST_F(StreamingExecutorTest, TheOperatorCapHoldsBackSubmission) {
  plan_.Range(10, 10);
  plan_.Map("identity", [](auto& options) { options.max_running = 3; });
  TestRun run(plan_, backend_);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(3));
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
}

TEST_F(StreamingExecutorTest, AFullOutputHoldsTheRunBackUntilTheConsumerTakes) {
  plan_.Range(20, 20);
  plan_.Map("identity", [](auto& options) { options.expected_output_bytes = 8; });
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 64;
  options.output.max_blocks = 1;
  TestRun run(plan_, backend_, options);
  backend_->FinishAll();
  EXPECT_FALSE(backend_->joined());
  EXPECT_LT(backend_->attempts().size(), 20);
  std::vector<int64_t> rows;
  while (rows.size() < 20) {
    const auto blocks = run.executor().Take();
    ASSERT_TRUE(blocks.ok());
    for (const int64_t id : testkit::Ids(*blocks)) rows.push_back(id);
    backend_->FinishAll();
  }
  EXPECT_EQ(rows, Iota(20));
  EXPECT_THAT(run.Rows(), IsEmpty());
}

TEST_F(StreamingExecutorTest, LivenessRunsOneTaskWhenNothingFits) {
  plan_.Range(3, 3);
  plan_.Map("a", [](auto& options) {
    options.resources = {100, 0, 1e15};
    options.expected_output_bytes = 1 << 30;
  });
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 1;
  TestRun run(plan_, backend_, options);
  for (int task = 0; task < 3; ++task) {
    backend_->Settle();
    EXPECT_THAT(backend_->running(), ElementsAre(task));
    backend_->Finish(task);
  }
  EXPECT_EQ(run.Rows(), Iota(3));
}

TEST_F(StreamingExecutorTest, LivenessServesTheInputOfAUnionWhoseTurnItIs) {
  const auto heavy = [](MapOperatorOptions& options) { options.expected_output_bytes = 1000; };
  plan_.Range(4, 4);
  const int first = plan_.Map("first", heavy);
  plan_.Range(100, 100, /*begin=*/4);
  const int second = plan_.Map("second", heavy);
  plan_.Union({first, second});
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 1;
  TestRun run(plan_, backend_, options);
  std::vector<std::string> order;
  while (backend_->Settle() && !backend_->joined()) {
    order.push_back(backend_->running_names().front());
    backend_->Finish(backend_->running().front());
  }
  EXPECT_EQ(run.Rows(), Iota(104));
  // A few of the second may wait in the union; the rest must not pile up in memory.
  const auto end_of_first = std::find(order.rbegin(), order.rend(), "first").base();
  EXPECT_LE(std::count(order.begin(), end_of_first, "second"), 17);
}

TEST_F(StreamingExecutorTest, TwoPoolsThatNeedTheOnlyGpuDoNotStopEachOther) {
  plan_.Range(6, 6);
  const auto gpu = [](MapOperatorOptions& options) { options.resources = {1, 1, 0}; };
  plan_.ActorMap("a", {.max_size = 1}, gpu);
  plan_.ActorMap("b", {.max_size = 1}, gpu);
  plan_.Map("c");
  ExecutorOptions options = RoomyOptions();
  options.limits.slots = {2, 1, 0};
  TestRun run(plan_, backend_, options);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(6));
}

TEST_F(StreamingExecutorTest, AnActorThatHoldsTheOnlyGpuDoesNotStarveItsUpstream) {
  plan_.Range(6, 6);
  const auto gpu = [](MapOperatorOptions& options) { options.resources = {1, 1, 0}; };
  plan_.Map("a", gpu);
  plan_.ActorMap("b", {.max_size = 1}, gpu);
  ExecutorOptions options = RoomyOptions();
  options.limits.slots = {2, 1, 0};
  TestRun run(plan_, backend_, options);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(6));
}

TEST_F(StreamingExecutorTest, ATaskThatLacksRowsGetsThemPastTheQueueLimit) {
  plan_.Range(10, 10);
  plan_.Map("a");
  plan_.Map("large batches", [](auto& options) {
    options.bundler.min_rows = 10;
    options.max_queued_bytes = 16;
  });
  TestRun run(plan_, backend_);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
  EXPECT_THAT(backend_->attempts(), SizeIs(11)) << "one task of ten rows";
}

TEST_F(StreamingExecutorTest, ActorPoolScalesUpAndDown) {
  plan_.Range(12, 12);
  plan_.ActorMap("model", {.min_size = 1, .max_size = 4, .max_tasks_in_flight = 1});
  TestRun run(plan_, backend_);
  backend_->Settle();
  EXPECT_EQ(backend_->num_actors(), 4) << "tasks wait and every actor is busy";
  EXPECT_THAT(backend_->running(), ElementsAre(0, 1, 2, 3));
  for (int task = 0; task < 11; ++task) backend_->Finish(task);
  backend_->Settle();
  EXPECT_EQ(backend_->num_actors(), 3) << "a third of the pool works: above its threshold of 0.3";
  backend_->Finish(11);
  EXPECT_EQ(run.Rows(), Iota(12));
  run.End();
  EXPECT_EQ(backend_->num_actors(), 0);
  EXPECT_EQ(backend_->num_actors_created(), 4);
}

TEST_F(StreamingExecutorTest, TasksOfAnActorStartOnlyWhenItIsReady) {
  backend_ =
      std::make_shared<ManualBackend>(ManualBackend::Options{.actors_are_ready_at_once = false});
  TopologyBuilder plan(backend_->store());
  plan.Range(2, 1);
  plan.ActorMap("model", {.max_size = 1});
  TestRun run(plan, backend_);
  backend_->Settle();
  EXPECT_EQ(backend_->num_actors(), 1);
  EXPECT_THAT(backend_->running(), IsEmpty());
  backend_->MakeActorsReady();
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(2));
}

TEST_F(StreamingExecutorTest, ActorDeathRestarts) {
  plan_.Range(4, 4);
  plan_.ActorMap("model", {.max_size = 1, .max_tasks_in_flight = 2});
  TestRun run(plan_, backend_);
  backend_->Finish(0);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), ElementsAre(1, 2));
  backend_->Kill(1);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(4));
  EXPECT_EQ(backend_->num_actors_created(), 2);
  EXPECT_THAT(backend_->attempts(), ElementsAre(1, 2, 2, 1)) << "task 2 waited in the dead actor";
}

TEST_F(StreamingExecutorTest, AnActorThatCannotBeConstructedFailsTheRun) {
  plan_.Range(4, 4);
  plan_.ActorMap("model", {.max_size = 1}, [](auto& options) {
    auto body = std::make_shared<FakeBody>("model");
    body->set_runner_error(Status::Invalid("no weights"));
    options.body = std::move(body);
  });
  TestRun run(plan_, backend_);
  const Status status = run.Wait();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kActorDied);
  EXPECT_THAT(status.message(), HasSubstr("no weights"));
}

TEST_F(StreamingExecutorTest, ErrorBudgetDropsFailedBlocks) {
  auto errors = std::make_shared<ErrorBudget>();
  errors->remaining = 2;
  plan_.Range(5, 5);
  plan_.Map("identity", [&](auto& options) { options.errors = errors; });
  TestRun run(plan_, backend_);
  backend_->Fail(1, Status::Invalid("bad"));
  backend_->Fail(3, Status::Invalid("bad"));
  backend_->FinishAll();
  EXPECT_THAT(run.Rows(), ElementsAre(0, 2, 4));
  EXPECT_EQ(errors->errored, 2);
  EXPECT_EQ(errors->remaining, 0);
}

TEST_F(StreamingExecutorTest, AnErrorEndsTheRunAfterTheRowsBeforeIt) {
  plan_.Range(5, 5);
  plan_.Map("identity");
  TestRun run(plan_, backend_);
  backend_->Finish(0);
  backend_->Settle();
  backend_->Fail(1, Status::Invalid("bad"));
  std::vector<int64_t> rows;
  const Status status = run.TakeAll(&rows);
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_EQ(GetErrorDetail(status)->operator_name(), "identity");
  EXPECT_THAT(rows, ElementsAre(0));
  EXPECT_TRUE(backend_->joined()) << "nothing of the run is alive when the user sees the error";
  run.End();
  EXPECT_EQ(backend_->store()->stats().num_objects, 0);
}

/// Passes its input on in blocks of one row, and pauses when two of them are unread.
void OneRowPerBlock(MapOperatorOptions& options) {
  options.max_unread_blocks = 2;
  options.target_min_block_size = 1;
  options.body = std::make_shared<FakeBody>(
      options.name, [](const auto& inputs, const auto&, task::TaskOutput& out) {
        for (const Block& block : inputs) {
          for (int64_t row = 0; row < block.num_rows(); ++row) {
            ARROW_RETURN_NOT_OK(out.Put(block.Slice(row, 1)));
          }
        }
        return Status::OK();
      });
}

TEST_F(StreamingExecutorTest, AcknowledgesAtOnceWhileTheOperatorIsWithinItsBudget) {
  plan_.Range(50, 1);
  plan_.Map("rows", OneRowPerBlock);
  TestRun run(plan_, backend_);
  for (int i = 0; i < 25; ++i) {
    backend_->Finish(0);
    backend_->Settle();
    EXPECT_THAT(backend_->paused(), IsEmpty());
  }
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(50));
}

TEST_F(StreamingExecutorTest, ATaskWhoseOutputNobodyTakesPausesAndGivesItsSlotBack) {
  plan_.Range(50, 1);
  const int rows = plan_.Map("rows", [](auto& options) {
    OneRowPerBlock(options);
    options.expected_output_bytes = 8;
  });
  plan_.Range(4, 4, /*begin=*/50);
  const int others = plan_.Map("others", [](auto& options) { options.expected_output_bytes = 8; });
  plan_.Union({rows, others});
  ExecutorOptions options = RoomyOptions();
  options.limits.slots.cpu = 1;
  options.limits.object_store_bytes = 64;
  options.output.max_blocks = 1;
  TestRun run(plan_, backend_, options);
  std::vector<int64_t> ids;
  for (int i = 0; i < 100 && ids.size() < 54; ++i) {
    backend_->FinishAll();
    if (backend_->joined()) break;
    const auto blocks = run.executor().Take();
    ASSERT_TRUE(blocks.ok());
    for (const int64_t id : testkit::Ids(*blocks)) ids.push_back(id);
    if (i == 0) {
      EXPECT_THAT(backend_->paused(), SizeIs(1));
      EXPECT_THAT(backend_->attempts(), SizeIs(testing::Gt(1))) << "the only slot is used";
    }
  }
  const std::vector<int64_t> rest = run.Rows();
  ids.insert(ids.end(), rest.begin(), rest.end());
  EXPECT_EQ(ids, Iota(54));
  run.executor().Shutdown();
  const OperatorSnapshot op = run.executor().snapshot().operators[rows];
  ASSERT_THAT(op.counters.backpressure, testing::Not(IsEmpty()));
  EXPECT_GT(op.counters.backpressure_s, 0);
}

TEST_F(StreamingExecutorTest, APausedTaskGoesOnWhenNothingElseCan) {
  plan_.Range(10, 1);
  plan_.Map("rows", OneRowPerBlock);
  plan_.Map("all at once", [](auto& options) { options.bundler.min_rows = 10; });
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 1;
  TestRun run(plan_, backend_, options);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
  EXPECT_GT(run.executor().snapshot().liveness_grants, 4) << "two blocks at a time";
}

TEST_F(StreamingExecutorTest, APausedTaskCanBeCancelled) {
  plan_.Range(50, 1);
  plan_.Map("rows", OneRowPerBlock);
  plan_.Limit(3);
  ExecutorOptions options = RoomyOptions();
  options.limits.object_store_bytes = 1;
  TestRun run(plan_, backend_, options);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(3));
  EXPECT_THAT(backend_->cancelled(), SizeIs(1));
}

TEST_F(StreamingExecutorTest, TheMemoryCeilingHoldsBackSubmission) {
  backend_ = std::make_shared<ManualBackend>(ManualBackend::Options{.memory_bytes = 1000});
  TopologyBuilder plan(backend_->store());
  plan.Range(4, 4);
  plan.Map("heavy", [](auto& options) { options.expected_heap_bytes = 400; });
  TestRun run(plan, backend_);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(1)) << "the first shows what one takes";
  backend_->Finish(0);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(2)) << "four slots, 1000 bytes";
  EXPECT_EQ(backend_->memory()->heap_bytes(), 800);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(4));
  run.End();
  EXPECT_EQ(backend_->memory()->heap_bytes(), 0);
}

TEST_F(StreamingExecutorTest, TheMemoryOfATaskIsLearntFromThoseBefore) {
  backend_ = std::make_shared<ManualBackend>(ManualBackend::Options{.memory_bytes = 1000});
  TopologyBuilder plan(backend_->store());
  plan.Range(4, 4);
  plan.Map("light", [](auto& options) {
    auto body = std::make_shared<FakeBody>("light");
    body->set_heap_peak_bytes(100);
    options.body = body;
    options.expected_heap_bytes = 5000;
  });
  TestRun run(plan, backend_);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(1)) << "only because nothing else runs";
  backend_->Finish(0);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(3));
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(4));
}

TEST_F(StreamingExecutorTest, MemoryThatComesFreeElsewhereWakesTheRun) {
  backend_ = std::make_shared<ManualBackend>(ManualBackend::Options{.memory_bytes = 1000});
  TopologyBuilder plan(backend_->store());
  plan.Range(2, 2);
  plan.Map("heavy", [](auto& options) { options.expected_heap_bytes = 60; });
  auto another_run = backend_->memory()->ReserveHeap(900);
  TestRun run(plan, backend_);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), ElementsAre(0));
  another_run = {};
  backend_->Settle();
  EXPECT_THAT(backend_->running(), ElementsAre(0, 1));
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(2));
}

TEST_F(StreamingExecutorTest, TasksQueuedInAnActorShareTheMemoryOfOne) {
  backend_ = std::make_shared<ManualBackend>(ManualBackend::Options{.memory_bytes = 1000});
  TopologyBuilder plan(backend_->store());
  plan.Range(4, 4);
  plan.ActorMap("model", {.max_size = 1, .max_tasks_in_flight = 3},
                [](auto& options) { options.expected_heap_bytes = 300; });
  TestRun run(plan, backend_);
  backend_->Settle();
  EXPECT_THAT(backend_->running(), SizeIs(3));
  EXPECT_EQ(backend_->memory()->heap_bytes(), 300);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(4));
  run.End();
  EXPECT_EQ(backend_->memory()->heap_bytes(), 0);
}

TEST_F(StreamingExecutorTest, TimeBlockedIsKeptForEachPolicy) {
  plan_.Range(10, 10);
  plan_.Map("capped", [](auto& options) { options.max_running = 1; });
  TestRun run(plan_, backend_);
  backend_->Settle();
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(10));
  run.executor().Shutdown();
  const auto counters = run.executor().snapshot().operators[1].counters;
  ASSERT_THAT(counters.backpressure, SizeIs(1));
  EXPECT_EQ(counters.backpressure[0].policy, "ConcurrencyCap");
  EXPECT_GT(counters.backpressure[0].seconds, 0);
  EXPECT_EQ(counters.backpressure[0].seconds, counters.backpressure_s);
}

TEST_F(StreamingExecutorTest, NoProgressTimesOutNamingTheOperator) {
  plan_.Range(2, 1);
  plan_.Map("stuck");
  ExecutorOptions options = RoomyOptions();
  options.no_progress_timeout_s = 0.02;  // what is tested is what happens at its end
  TestRun run(plan_, backend_, options);
  const Status status = run.Wait();
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kExecutionTimeout);
  EXPECT_THAT(status.message(), HasSubstr("stuck: 1 tasks running"));
}

TEST_F(StreamingExecutorTest, NoProgressIsWarnedOfWithTheWaitGraph) {
  plan_.Range(4, 2);
  plan_.Map("stuck", [](auto& options) { options.max_running = 1; });
  ExecutorOptions options = RoomyOptions();
  options.stall_warning_s = 0.01;
  options.no_progress_timeout_s = 0.08;  // after the warnings at 0.01, 0.02 and 0.04 s
  testing::internal::CaptureStderr();
  TestRun run(plan_, backend_, options);
  EXPECT_FALSE(run.Wait().ok());
  const std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("No progress"));
  EXPECT_THAT(log, HasSubstr("stuck: 1 tasks running, 1 blocks queued (16 B)"));
  EXPECT_THAT(log, HasSubstr("waits for ConcurrencyCap: 1 of at most 1 tasks run"));
}

TEST_F(StreamingExecutorTest, ASlowConsumerIsNoLackOfProgress) {
  plan_.Range(4, 4);
  ExecutorOptions options = RoomyOptions();
  options.no_progress_timeout_s = 0.001;
  options.output.max_blocks = 1;
  TestRun run(plan_, backend_, options);
  ASSERT_TRUE(run.executor().WaitReady(ManualBackend::kPatience));
  for (int i = 0; i < 3; ++i) EXPECT_FALSE(backend_->WaitForContact(std::chrono::milliseconds(2)));
  EXPECT_EQ(run.Rows(), Iota(4));
}

TEST_F(StreamingExecutorTest, ShutdownWhileRunningLeavesNothing) {
  plan_.Range(40, 20);
  plan_.Map("a");
  plan_.ActorMap("b", {.max_size = 2});
  plan_.Limit(30);
  TestRun run(plan_, backend_);
  for (int task = 0; task < 3; ++task) backend_->Finish(task);
  backend_->Settle();
  run.executor().Shutdown();
  EXPECT_TRUE(backend_->joined());
  EXPECT_THAT(backend_->running(), IsEmpty());
  EXPECT_EQ(backend_->num_actors(), 0);
  run.executor().Shutdown();  // once more does no harm
  const Status status = run.Wait();
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kCancelled);
  run.End();
  EXPECT_EQ(backend_->store()->stats().num_objects, 0);
  EXPECT_EQ(backend_->store()->stats().used_bytes, 0);
}

TEST_F(StreamingExecutorTest, RequestStopEndsARunThatWaitsForItsTasks) {
  plan_.Range(4, 2);
  plan_.Map("identity");
  TestRun run(plan_, backend_);
  backend_->Settle();
  run.executor().RequestStop();
  EXPECT_EQ(GetErrorDetail(run.Wait())->kind(), ErrorKind::kCancelled);
}

TEST_F(StreamingExecutorTest, TheSnapshotCountsWhatPassed) {
  plan_.Range(10, 5);
  plan_.Map("identity");
  plan_.Limit(6);
  TestRun run(plan_, backend_);
  backend_->Kill(0);
  backend_->FinishAll();
  EXPECT_EQ(run.Rows(), Iota(6));
  run.executor().Shutdown();
  const RunSnapshot snapshot = run.executor().snapshot();
  EXPECT_TRUE(snapshot.done);
  EXPECT_TRUE(snapshot.status.ok());
  EXPECT_EQ(snapshot.rows, 6);
  ASSERT_THAT(snapshot.operators, SizeIs(3));
  const OperatorSnapshot& map = snapshot.operators[1];
  EXPECT_EQ(map.type, "TaskPoolMapOperator");
  EXPECT_GE(map.counters.rows_out, 6);
  EXPECT_EQ(map.counters.tasks_failed, 1);
  EXPECT_GE(map.counters.tasks_done, 3) << "three blocks make up the limit";
  EXPECT_EQ(snapshot.operators[2].counters.rows_out, 6);
}

TEST_F(StreamingExecutorTest, ARunWithoutRowsEnds) {
  plan_.Range(0, 0);
  plan_.Map("identity");
  TestRun run(plan_, backend_);
  EXPECT_THAT(run.Rows(), IsEmpty());
}

}  // namespace
}  // namespace headrace::exec
