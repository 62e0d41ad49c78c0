// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/actor_pool/actor_pool.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace::exec {
namespace {

void AddReady(ActorPool& pool, task::ActorId actor) {
  pool.Added(actor);
  pool.Ready(actor);
}

TEST(ActorPoolTest, MakesItsLeastSizeWithoutWaitingForTasks) {
  ActorPool pool({.min_size = 2, .max_size = 4});
  EXPECT_TRUE(pool.WantsActor(0, true));
  pool.Added(1);
  EXPECT_TRUE(pool.WantsActor(0, true));
  pool.Added(2);
  EXPECT_FALSE(pool.WantsActor(0, true));
}

TEST(ActorPoolTest, MakesOneActorEvenWhenNothingFits) {
  ActorPool pool({.min_size = 2});
  EXPECT_TRUE(pool.WantsActor(0, /*resources_fit=*/false));
  pool.Added(1);
  EXPECT_FALSE(pool.WantsActor(0, /*resources_fit=*/false));
}

TEST(ActorPoolTest, GrowsOneAtATimeWhileTasksWaitForBusyActors) {
  ActorPool pool({.min_size = 1, .max_size = 3});
  AddReady(pool, 1);
  EXPECT_FALSE(pool.WantsActor(5, true)) << "the actor is idle";
  pool.TaskStarted(1);
  EXPECT_FALSE(pool.WantsActor(0, true)) << "nothing waits";
  EXPECT_FALSE(pool.WantsActor(5, false)) << "nothing fits";
  ASSERT_TRUE(pool.WantsActor(5, true));
  pool.Added(2);
  EXPECT_FALSE(pool.WantsActor(5, true)) << "one is on its way";
  pool.Ready(2);
  pool.TaskStarted(2);
  ASSERT_TRUE(pool.WantsActor(5, true));
  AddReady(pool, 3);
  pool.TaskStarted(3);
  EXPECT_FALSE(pool.WantsActor(5, true)) << "the pool is full";
}

/// A pool of `size` actors that hold `tasks` tasks each, asked for more until it has enough.
int64_t Growth(ActorPoolOptions options, int64_t size, int64_t tasks, int64_t queued) {
  ActorPool pool(options);
  for (int64_t actor = 1; actor <= size; ++actor) {
    AddReady(pool, static_cast<task::ActorId>(actor));
    for (int64_t i = 0; i < tasks; ++i) pool.TaskStarted(static_cast<task::ActorId>(actor));
  }
  while (pool.WantsActor(queued, true)) pool.Added(static_cast<task::ActorId>(pool.size() + 1));
  return pool.num_pending();
}

TEST(ActorPoolTest, LargePoolsGrowBySeveralActorsAtATime) {
  const ActorPoolOptions options{
      .max_size = 100, .max_tasks_in_flight = 2, .scale_up_threshold = 0.875};
  // Ray 2.60: ceil(size * (2 tasks per actor / 1.75 - 1)), at least one.
  EXPECT_EQ(Growth(options, 1, 2, 50), 1);
  EXPECT_EQ(Growth(options, 7, 2, 50), 1);
  EXPECT_EQ(Growth(options, 8, 2, 50), 2);
  EXPECT_EQ(Growth(options, 40, 2, 50), 6);
  EXPECT_EQ(Growth(options, 40, 1, 50), 1) << "busy, but nothing waits at the actors";
  EXPECT_EQ(Growth(options, 40, 2, 3), 3) << "for three tasks";
  EXPECT_EQ(Growth(options, 98, 2, 50), 2) << "up to its size";
}

TEST(ActorPoolTest, GrowthHasTheBoundThatWasGiven) {
  const ActorPoolOptions options{.max_size = 100, .max_tasks_in_flight = 2, .max_growth = 3};
  EXPECT_EQ(Growth(options, 40, 2, 50), 3);
}

TEST(ActorPoolTest, ShrinksToItsLeastSizeAndFurtherWhenAllIsDone) {
  ActorPool pool({.min_size = 1, .max_size = 3});
  AddReady(pool, 1);
  AddReady(pool, 2);
  EXPECT_FALSE(pool.TakeIdle(/*queued_tasks=*/1, false).has_value());
  EXPECT_TRUE(pool.TakeIdle(0, false).has_value());
  EXPECT_FALSE(pool.TakeIdle(0, false).has_value()) << "one is the least";
  EXPECT_TRUE(pool.TakeIdle(0, /*input_done=*/true).has_value());
  EXPECT_EQ(pool.size(), 0);
}

TEST(ActorPoolTest, NeverLetsABusyActorGo) {
  ActorPool pool({.min_size = 1});
  AddReady(pool, 1);
  pool.TaskStarted(1);
  EXPECT_FALSE(pool.TakeIdle(0, true).has_value());
  pool.TaskEnded(1);
  EXPECT_EQ(pool.TakeIdle(0, true), 1);
}

TEST(ActorPoolTest, TheInitialSizeIsNotMadeAgainOnceThePoolHasShrunk) {
  ActorPool pool({.min_size = 1, .max_size = 4, .initial_size = 2});
  AddReady(pool, 1);
  ASSERT_TRUE(pool.WantsActor(0, true));
  AddReady(pool, 2);
  ASSERT_TRUE(pool.TakeIdle(0, false).has_value());
  EXPECT_FALSE(pool.WantsActor(0, true)) << "it would be made and ended for ever";
}

TEST(ActorPoolTest, PicksTheLeastBusyActorWithRoom) {
  ActorPool pool({.max_tasks_in_flight = 2});
  AddReady(pool, 1);
  AddReady(pool, 2);
  pool.TaskStarted(1);
  EXPECT_EQ(pool.PickActor(), 2);
  pool.TaskStarted(2);
  pool.TaskStarted(2);
  EXPECT_EQ(pool.PickActor(), 1);
  pool.TaskStarted(1);
  EXPECT_FALSE(pool.PickActor().has_value());
}

TEST(ActorPoolTest, ForgetsTheTasksOfALostActor) {
  ActorPool pool({.max_restarts = 1});
  AddReady(pool, 1);
  pool.TaskStarted(1);
  EXPECT_TRUE(pool.Lost(1));
  EXPECT_EQ(pool.num_busy(), 0);
  EXPECT_EQ(pool.size(), 0);
  pool.TaskEnded(1);  // arrives late
  AddReady(pool, 2);
  EXPECT_EQ(pool.Utilization(), 0);
  EXPECT_FALSE(pool.Lost(2)) << "one restart was allowed";
}

TEST(ActorPoolTest, UtilizationCountsTheTasksThatAreWorkedOn) {
  ActorPool pool({.max_tasks_in_flight = 4, .max_concurrency = 2});
  AddReady(pool, 1);
  AddReady(pool, 2);
  for (int i = 0; i < 4; ++i) pool.TaskStarted(1);
  EXPECT_EQ(pool.Utilization(), 0.5) << "two of four work; two wait in the actor";
  pool.TaskEnded(1);
  pool.TaskEnded(1);
  EXPECT_EQ(pool.Utilization(), 0.5);
  pool.TaskEnded(1);
  EXPECT_EQ(pool.Utilization(), 0.25);
  pool.Lost(1);
  EXPECT_EQ(pool.Utilization(), 0);
}

TEST(ActorPoolTest, GrowsAtItsThresholdAndShrinksAtItsOther) {
  ActorPool pool({.min_size = 1,
                  .max_size = 5,
                  .initial_size = 4,
                  .scale_up_threshold = 0.8,
                  .scale_down_threshold = 0.3});
  for (const task::ActorId actor : {1, 2, 3, 4}) AddReady(pool, actor);
  for (const task::ActorId actor : {1, 2, 3}) pool.TaskStarted(actor);
  EXPECT_FALSE(pool.WantsActor(9, true)) << "three of four work: 0.75";
  pool.TaskStarted(4);
  EXPECT_TRUE(pool.WantsActor(9, true));
  pool.TaskEnded(1);
  pool.TaskEnded(2);
  EXPECT_FALSE(pool.TakeIdle(0, false).has_value()) << "two of four work: 0.5";
  pool.TaskEnded(3);
  EXPECT_TRUE(pool.TakeIdle(0, false).has_value()) << "one of four: 0.25";
  EXPECT_FALSE(pool.TakeIdle(0, false).has_value()) << "one of three";
}

TEST(ActorPoolTest, SendsNothingToAPausedActorWhoseTasksDoNotAdvance) {
  ActorPool pool({.max_tasks_in_flight = 3});
  AddReady(pool, 1);
  pool.TaskStarted(1);
  pool.TaskStarted(1);
  EXPECT_EQ(pool.num_advancing(), 2);
  pool.TaskPaused(1, true);
  EXPECT_EQ(pool.num_advancing(), 0);
  EXPECT_EQ(pool.num_paused(), 1);
  EXPECT_FALSE(pool.PickActor().has_value());
  pool.TaskPaused(1, false);
  EXPECT_EQ(pool.num_advancing(), 2);
  EXPECT_EQ(pool.PickActor(), 1);
  pool.TaskPaused(1, true);
  pool.Lost(1);
  EXPECT_EQ(pool.num_advancing(), 0);
  EXPECT_EQ(pool.num_paused(), 0);
}

TEST(ActorPoolTest, SaysWhatItsActorsDo) {
  ActorPool pool({});
  AddReady(pool, 1);
  pool.TaskStarted(1);
  pool.Added(2);
  EXPECT_EQ(pool.Summary(), "1 running, 1 pending, 1 active");
}

}  // namespace
}  // namespace headrace::exec
