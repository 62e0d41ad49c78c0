// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/map_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/operators/task_pool_map_operator.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/fake_body.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class MapOperatorTest : public testing::Test {
 protected:
  MapOperatorTest() {
    options_.name = "Map";
    options_.body = std::make_shared<testkit::FakeBody>();
    options_.resources = {1, 0, 0};
    options_.bundler.may_group = false;
  }
  TaskPoolMapOperator Make() const { return TaskPoolMapOperator(options_); }
  task::BlockRef Out(int64_t id) { return task::PutBlock(*store_, testkit::IotaBlock(1, id)); }
  RefBundle In(int64_t id) { return IotaBundle(*store_, 1, id); }

  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  MapOperatorOptions options_;
};

TEST_F(MapOperatorTest, EachBundleBecomesATaskWithItsOwnIndex) {
  auto op = Make();
  EXPECT_FALSE(op.HasTask());
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  EXPECT_EQ(op.queued_blocks(), 2);
  const TaskSpec first = op.StartTask().task;
  const TaskSpec second = op.StartTask().task;
  EXPECT_EQ(first.params.task_index, 0);
  EXPECT_EQ(second.params.task_index, 1);
  EXPECT_NE(first.id, second.id);
  EXPECT_THAT(Ids(second.input), ElementsAre(1));
  EXPECT_FALSE(op.HasTask());
  EXPECT_EQ(op.num_running(), 2);
  EXPECT_EQ(op.UsedResources().cpu, 2);
}

TEST_F(MapOperatorTest, OutputLeavesInTheOrderOfTheInput) {
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  const TaskId first = op.StartTask().task.id;
  const TaskId second = op.StartTask().task.id;
  ASSERT_TRUE(op.OnBlocks(second, {Out(1)}).ok());
  ASSERT_TRUE(op.OnTaskDone(second, {}).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.OnBlocks(first, {Out(0)}).ok());
  ASSERT_TRUE(op.OnTaskDone(first, {}).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0));
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(1));
  EXPECT_FALSE(op.Done());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_TRUE(op.Done());
}

TEST_F(MapOperatorTest, ARepeatedTaskSkipsTheBlocksThatHaveLeftAlready) {
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  const TaskSpec first = op.StartTask().task;
  ASSERT_TRUE(op.OnBlocks(first.id, {Out(0)}).ok());
  ASSERT_TRUE(op.OnTaskFailed(first.id, Status::UnknownError("died"), /*retryable=*/true).ok());
  ASSERT_TRUE(op.HasTask());
  const TaskSpec second = op.StartTask().task;
  EXPECT_EQ(second.params.task_index, first.params.task_index);
  ASSERT_TRUE(op.OnBlocks(second.id, {Out(0), Out(1)}).ok());
  ASSERT_TRUE(op.OnTaskDone(second.id, {}).ok());
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(0));
  EXPECT_THAT(Ids(*op.TakeOutput()), ElementsAre(1));
  EXPECT_FALSE(op.TakeOutput().has_value());
}

TEST_F(MapOperatorTest, GivesUpAfterTheAllowedRetriesAndNamesItself) {
  options_.max_retries = 2;
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  const Status died = Status::UnknownError("died");
  ASSERT_TRUE(op.OnTaskFailed(op.StartTask().task.id, died, true).ok());
  ASSERT_TRUE(op.OnTaskFailed(op.StartTask().task.id, died, true).ok());
  const Status failed = op.OnTaskFailed(op.StartTask().task.id, died, true);
  ASSERT_FALSE(failed.ok());
  ASSERT_NE(GetErrorDetail(failed), nullptr);
  EXPECT_EQ(GetErrorDetail(failed)->operator_name(), "Map");
}

TEST_F(MapOperatorTest, ErrorsAreDroppedWhileTheBudgetLasts) {
  options_.errors = std::make_shared<ErrorBudget>();
  options_.errors->remaining = 1;
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  ASSERT_TRUE(op.OnTaskFailed(op.StartTask().task.id, Status::Invalid("bad"), false).ok());
  EXPECT_EQ(options_.errors->errored, 1);
  EXPECT_FALSE(op.OnTaskFailed(op.StartTask().task.id, Status::Invalid("bad"), false).ok());
}

TEST_F(MapOperatorTest, RefusesInputAboveItsQueueLimit) {
  options_.max_queued_bytes = 10;
  auto op = Make();
  EXPECT_TRUE(op.WantsInput(0));
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  EXPECT_FALSE(op.WantsInput(0));
  op.StartTask();
  EXPECT_TRUE(op.WantsInput(0));
}

TEST_F(MapOperatorTest, WantsInputPastItsLimitWhileATaskLacksRows) {
  options_.max_queued_bytes = 10;
  options_.bundler.min_rows = 4;
  auto op = Make();
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  EXPECT_FALSE(op.HasTask());
  EXPECT_TRUE(op.WantsInput(0)) << "else it could never start a task";
  ASSERT_TRUE(op.AddInput(IotaBundle(*store_, 2), 0).ok());
  EXPECT_TRUE(op.HasTask());
  EXPECT_FALSE(op.WantsInput(0));
}

TEST_F(MapOperatorTest, StopsAndDropsEverythingWhenNobodyWantsItsOutput) {
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  const TaskId running = op.StartTask().task.id;
  ASSERT_TRUE(op.OnBlocks(running, {Out(0)}).ok());
  op.OutputNotWanted();
  EXPECT_FALSE(op.HasTask());
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_FALSE(op.TakeOutput().has_value());
  EXPECT_FALSE(op.Done()) << "a task still runs";
  ASSERT_TRUE(op.OnTaskFailed(running, Status::Cancelled("not wanted"), false).ok());
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store_->stats().num_objects, 0);
  EXPECT_EQ(op.output_bytes(), 0);
}

TEST_F(MapOperatorTest, ExpectsWhatItsTasksHavePutOutSoFar) {
  options_.expected_output_bytes = 1000;
  auto op = Make();
  EXPECT_EQ(op.expected_output_bytes(), 1000);
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  ASSERT_TRUE(op.OnTaskDone(op.StartTask().task.id, {.bytes_out = 10}).ok());
  EXPECT_EQ(op.expected_output_bytes(), 10);
  ASSERT_TRUE(op.OnTaskDone(op.StartTask().task.id, {.bytes_out = 30}).ok());
  EXPECT_EQ(op.expected_output_bytes(), 20);
}

TEST_F(MapOperatorTest, CompletionsOfUnknownTasksAreIgnored) {
  auto op = Make();
  EXPECT_TRUE(op.OnBlocks(77, {Out(0)}).ok());
  EXPECT_TRUE(op.OnTaskDone(77, {}).ok());
  EXPECT_TRUE(op.OnTaskFailed(77, Status::Invalid("x"), false).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
}

TEST_F(MapOperatorTest, ATaskPausesByTheRuleOfTheBackend) {
  options_.max_unread_blocks = 2;
  options_.target_min_block_size = 20;  // a block has eight bytes
  auto op = Make();
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  const TaskId task = op.StartTask().task.id;
  ASSERT_TRUE(op.OnBlocks(task, {Out(0)}).ok());
  EXPECT_FALSE(op.FirstUnread().has_value()) << "far from pausing: nobody need be told";
  ASSERT_TRUE(op.OnBlocks(task, {Out(1)}).ok());
  EXPECT_EQ(op.num_paused(), 0) << "two blocks, but few bytes";
  ASSERT_TRUE(op.FirstUnread().has_value());
  EXPECT_EQ(op.FirstUnread()->task, task);
  ASSERT_TRUE(op.OnBlocks(task, {Out(2)}).ok());
  EXPECT_EQ(op.num_paused(), 1);
  EXPECT_EQ(op.num_running(), 1);
  EXPECT_EQ(op.UsedResources().cpu, 0) << "a paused task holds no slot";
  EXPECT_EQ(op.MarkRead(task), 3);
  EXPECT_EQ(op.num_paused(), 0);
  EXPECT_EQ(op.UsedResources().cpu, 1);
  EXPECT_FALSE(op.FirstUnread().has_value());
}

TEST_F(MapOperatorTest, TheTaskWhoseOutputIsDueFirstIsResumedFirst) {
  options_.max_unread_blocks = 1;
  options_.target_min_block_size = 1;
  auto op = Make();
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(op.AddInput(In(i), 0).ok());
  const TaskId first = op.StartTask().task.id;
  const TaskId second = op.StartTask().task.id;
  const TaskId third = op.StartTask().task.id;
  ASSERT_TRUE(op.OnBlocks(third, {Out(3)}).ok());
  ASSERT_TRUE(op.OnBlocks(second, {Out(2)}).ok());
  EXPECT_EQ(op.FirstPaused()->task, second);
  ASSERT_TRUE(op.OnBlocks(first, {Out(1)}).ok());
  EXPECT_EQ(op.FirstPaused()->task, first);
  // One that is tried again keeps its place.
  const Status died = MakeError(arrow::StatusCode::UnknownError, ErrorKind::kWorkerCrashed, "died");
  ASSERT_TRUE(op.OnTaskFailed(first, died, /*retryable=*/true).ok());
  EXPECT_TRUE(op.HasRetry());
  const TaskId again = op.StartTask().task.id;
  EXPECT_FALSE(op.HasRetry());
  ASSERT_TRUE(op.OnBlocks(again, {Out(1)}).ok());
  EXPECT_EQ(op.FirstPaused()->task, again);
}

TEST_F(MapOperatorTest, PendingOutputShrinksWithWhatHasArrived) {
  options_.max_unread_blocks = 2;
  options_.target_min_block_size = 1;
  options_.target_max_block_size = 8;
  options_.expected_output_bytes = 40;
  auto op = Make();
  EXPECT_EQ(op.expected_output_bytes(), 16) << "it pauses after two blocks";
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  const TaskId task = op.StartTask().task.id;
  EXPECT_EQ(op.pending_output_bytes(), 16);
  EXPECT_EQ(op.running_input_bytes(), 8);
  ASSERT_TRUE(op.OnBlocks(task, {Out(0)}).ok());
  EXPECT_EQ(op.pending_output_bytes(), 8);
  EXPECT_EQ(op.FirstUnread()->more_bytes, 8);
  ASSERT_TRUE(op.OnBlocks(task, {Out(1)}).ok());
  EXPECT_EQ(op.pending_output_bytes(), 0);
  op.MarkRead(task);
  EXPECT_EQ(op.pending_output_bytes(), 16);
  ASSERT_TRUE(op.OnTaskDone(task, {.bytes_out = 16, .blocks_out = 2}).ok());
  EXPECT_EQ(op.pending_output_bytes(), 0);
  EXPECT_EQ(op.running_input_bytes(), 0);
}

TEST_F(MapOperatorTest, TheWorkingMemoryOfTasksIsLearntAndForgottenSlowly) {
  options_.expected_heap_bytes = 500;
  auto op = Make();
  EXPECT_EQ(op.expected_heap_bytes(), 500);
  const auto run = [&](int64_t peak) {
    ASSERT_TRUE(op.AddInput(In(0), 0).ok());
    ASSERT_TRUE(op.OnTaskDone(op.StartTask().task.id, {.heap_peak_bytes = peak}).ok());
  };
  run(0);
  EXPECT_EQ(op.expected_heap_bytes(), 500) << "not measured";
  run(80);
  EXPECT_EQ(op.expected_heap_bytes(), 80);
  run(800);
  EXPECT_EQ(op.expected_heap_bytes(), 800);
  run(80);
  EXPECT_EQ(op.expected_heap_bytes(), 710);
}

TEST_F(MapOperatorTest, WithoutEagerFreeTheInputStaysUntilTheRunEnds) {
  for (const bool eager : {true, false}) {
    options_.eager_free = eager;
    auto op = Make();
    ASSERT_TRUE(op.AddInput(In(0), 0).ok());
    ASSERT_TRUE(op.OnTaskDone(op.StartTask().task.id, {}).ok());
    EXPECT_EQ(store_->stats().num_objects, eager ? 0 : 1);
    op.OutputNotWanted();
    EXPECT_EQ(store_->stats().num_objects, 0);
  }
}

TEST_F(MapOperatorTest, BlocksThatShareATaskKeepTheirBordersUnlessNobodyCanTell) {
  options_.bundler.may_group = true;
  for (const bool keep : {true, false}) {
    options_.keep_borders = keep;
    auto op = Make();
    ASSERT_TRUE(op.AddInput(In(0), 0).ok());
    ASSERT_TRUE(op.OnTaskDone(op.StartTask().task.id, {.wall_s = 1e-5}).ok());
    for (int i = 0; i < 40; ++i) ASSERT_TRUE(op.AddInput(In(i), 0).ok());
    const TaskSpec task = op.StartTask().task;
    EXPECT_EQ(task.input.blocks().size(), 10) << "fast tasks share";
    EXPECT_EQ(task.params.flush_per_block, keep);
  }
}

}  // namespace
}  // namespace headrace::exec
