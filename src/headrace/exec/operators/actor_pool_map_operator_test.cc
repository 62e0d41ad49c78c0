// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/actor_pool_map_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"
#include "headrace/testkit/fake_body.h"

namespace headrace::exec {
namespace {

class ActorPoolMapOperatorTest : public testing::Test {
 protected:
  ActorPoolMapOperatorTest() {
    options_.name = "Map";
    options_.body = std::make_shared<testkit::FakeBody>();
    options_.resources = {1, 1, 0};
    options_.bundler.may_group = false;
  }
  RefBundle In(int64_t id) { return testkit::IotaBundle(*store_, 1, id); }

  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  MapOperatorOptions options_;
};

TEST_F(ActorPoolMapOperatorTest, HasATaskOnlyWhenAnActorIsReady) {
  ActorPoolMapOperator op(options_, {.max_size = 1});
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  EXPECT_FALSE(op.HasTask());
  const auto actor = op.NextActor(true);
  ASSERT_TRUE(actor.has_value());
  EXPECT_FALSE(op.HasTask());
  ASSERT_TRUE(op.OnActorReady(actor->id).ok());
  ASSERT_TRUE(op.HasTask());
  EXPECT_EQ(op.StartTask().actor, actor->id);
}

TEST_F(ActorPoolMapOperatorTest, AnActorHoldsItsGpuForLifeAndACpuWhileItWorks) {
  ActorPoolMapOperator op(options_, {.max_size = 1});
  const auto actor = op.NextActor(true);
  ASSERT_TRUE(op.OnActorReady(actor->id).ok());
  EXPECT_EQ(op.UsedResources().gpu, 1);
  EXPECT_EQ(op.UsedResources().cpu, 0);
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  EXPECT_EQ(op.TaskResources().cpu, 1);
  const auto first = op.StartTask();
  EXPECT_EQ(op.UsedResources().cpu, 1);
  EXPECT_EQ(op.TaskResources().cpu, 0) << "the next task waits in a busy actor";
  ASSERT_TRUE(op.OnTaskDone(first.task.id, {}).ok());
  EXPECT_EQ(op.UsedResources().cpu, 0);
}

TEST_F(ActorPoolMapOperatorTest, APausedActorHoldsNoCpu) {
  options_.max_unread_blocks = 1;
  options_.target_min_block_size = 1;
  ActorPoolMapOperator op(options_, {.max_size = 1, .max_tasks_in_flight = 2});
  const auto actor = op.NextActor(true);
  ASSERT_TRUE(op.OnActorReady(actor->id).ok());
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  const TaskId first = op.StartTask().task.id;
  op.StartTask();
  EXPECT_EQ(op.num_advancing(), 2);
  ASSERT_TRUE(op.OnBlocks(first, {task::PutBlock(*store_, testkit::IotaBlock(1))}).ok());
  EXPECT_EQ(op.UsedResources().cpu, 0);
  EXPECT_EQ(op.UsedResources().gpu, 1);
  EXPECT_EQ(op.num_paused(), 1);
  EXPECT_EQ(op.num_advancing(), 0) << "the other one is queued behind it";
  EXPECT_EQ(op.MarkRead(first), 1);
  EXPECT_EQ(op.UsedResources().cpu, 1);
  EXPECT_EQ(op.num_advancing(), 2);
}

TEST_F(ActorPoolMapOperatorTest, SlotsMayBeFractions) {
  options_.resources = {0.25, 0.5, 0};
  ActorPoolMapOperator op(options_, {.min_size = 2, .max_size = 2});
  for (int i = 0; i < 2; ++i) ASSERT_TRUE(op.OnActorReady(op.NextActor(true)->id).ok());
  EXPECT_EQ(op.UsedResources().gpu, 1);
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  ASSERT_TRUE(op.AddInput(In(1), 0).ok());
  op.StartTask();
  EXPECT_EQ(op.UsedResources().cpu, 0.25);
  op.StartTask();
  EXPECT_EQ(op.UsedResources().cpu, 0.5);
}

TEST_F(ActorPoolMapOperatorTest, TheTaskOfADeadActorRunsAgainInItsSuccessor) {
  ActorPoolMapOperator op(options_, {.max_size = 1});
  const auto actor = op.NextActor(true);
  ASSERT_TRUE(op.OnActorReady(actor->id).ok());
  ASSERT_TRUE(op.AddInput(In(0), 0).ok());
  const auto task = op.StartTask();
  const Status died = MakeError(arrow::StatusCode::UnknownError, ErrorKind::kWorkerCrashed, "died");
  ASSERT_TRUE(op.OnTaskFailed(task.task.id, died, /*retryable=*/true).ok());
  ASSERT_TRUE(op.OnActorFailed(actor->id, died).ok());
  EXPECT_EQ(op.num_actors(), 0);
  EXPECT_FALSE(op.HasTask());
  const auto next = op.NextActor(true);
  ASSERT_TRUE(next.has_value());
  ASSERT_TRUE(op.OnActorReady(next->id).ok());
  ASSERT_TRUE(op.HasTask());
  EXPECT_EQ(op.StartTask().actor, next->id);
}

TEST_F(ActorPoolMapOperatorTest, AConstructorThatRaisesFailsTheRunAtOnce) {
  ActorPoolMapOperator op(options_, {.max_size = 1});
  const auto actor = op.NextActor(true);
  const Status raised = MakeError(arrow::StatusCode::Invalid, ErrorKind::kActorDied, "raised");
  const Status failed = op.OnActorFailed(actor->id, raised);
  ASSERT_FALSE(failed.ok());
  EXPECT_EQ(GetErrorDetail(failed)->operator_name(), "Map");
}

TEST_F(ActorPoolMapOperatorTest, AnActorThatKeepsDyingWhileItStartsFailsTheRun) {
  options_.max_retries = 2;
  ActorPoolMapOperator op(options_, {.max_size = 1});
  const Status died = MakeError(arrow::StatusCode::UnknownError, ErrorKind::kWorkerCrashed, "died");
  EXPECT_TRUE(op.OnActorFailed(op.NextActor(true)->id, died).ok());
  EXPECT_TRUE(op.OnActorFailed(op.NextActor(true)->id, died).ok());
  EXPECT_FALSE(op.OnActorFailed(op.NextActor(true)->id, died).ok());
}

TEST_F(ActorPoolMapOperatorTest, LetsItsActorsGoWhenAllInputIsDone) {
  ActorPoolMapOperator op(options_, {.max_size = 1});
  const auto actor = op.NextActor(true);
  ASSERT_TRUE(op.OnActorReady(actor->id).ok());
  EXPECT_FALSE(op.NextIdleActor().has_value());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_EQ(op.NextIdleActor(), actor->id);
  EXPECT_FALSE(op.NextActor(true).has_value());
}

}  // namespace
}  // namespace headrace::exec
