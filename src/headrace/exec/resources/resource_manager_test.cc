// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/resources/resource_manager.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/backpressure/backpressure_policy.h"
#include "headrace/exec/operators/repartition_operator.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/topology_builder.h"

namespace headrace::exec {
namespace {

class ResourceManagerTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  testkit::TopologyBuilder builder_{store_};
};

TEST_F(ResourceManagerTest, RunningTasksTakeSlots) {
  builder_.Range(10, 2);
  builder_.Map("a", [](auto& options) { options.resources = {1.5, 0, 100}; });
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {2, 0, 150}}, topology);
  Topology::Node& map = topology.nodes()[1];
  ASSERT_TRUE(map.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
  EXPECT_TRUE(resources.Fits(map.tasks->TaskResources()));
  map.tasks->StartTask();
  EXPECT_EQ(resources.Available().cpu, 0.5);
  EXPECT_EQ(resources.Available().memory_bytes, 50);
  EXPECT_FALSE(resources.Fits(map.tasks->TaskResources()));
  EXPECT_TRUE(resources.Fits({0.5, 0, 50}));
  EXPECT_FALSE(resources.Fits({0.5, 0, 51}));
}

TEST_F(ResourceManagerTest, FractionsThatAddUpToAWholeFit) {
  builder_.Range(10, 10);
  builder_.Map("a", [](auto& options) { options.resources = {0.1, 0, 0}; });
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {1, 0, 0}}, topology);
  Topology::Node& map = topology.nodes()[1];
  for (int i = 0; i < 10; ++i) {
    ASSERT_TRUE(map.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
    ASSERT_TRUE(resources.Fits(map.tasks->TaskResources())) << i;
    map.tasks->StartTask();
  }
  EXPECT_FALSE(resources.Fits(map.tasks->TaskResources()));
}

TEST_F(ResourceManagerTest, WhoNeedsNoGpuIsNotHeldBackByTooManyGpuActors) {
  builder_.Range(10, 2);
  for (const char* name : {"a", "b"}) {
    builder_.ActorMap(name, {}, [](auto& options) { options.resources = {1, 1, 0}; });
  }
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {2, 1, 0}}, topology);
  // Each pool makes its first actor whatever is free.
  for (int i = 1; i <= 2; ++i) {
    ActorOperator& actors = *topology.nodes()[i].actors;
    ASSERT_TRUE(actors.NextActor(resources.Fits(actors.ActorResources())).has_value());
  }
  EXPECT_EQ(resources.Available().gpu, -1);
  EXPECT_FALSE(resources.Fits({1, 1, 0}));
  EXPECT_TRUE(resources.Fits({1, 0, 0}));
}

TEST_F(ResourceManagerTest, AnOperatorMayBoundWhatIsKeptOfIt) {
  builder_.Range(10, 2);
  builder_.Map("a", [](auto& options) { options.max_store_bytes = 250; });
  builder_.Map("b");
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {2, 0, 0}, .object_store_bytes = 1000}, topology);
  Topology::Node& a = topology.nodes()[1];
  EXPECT_EQ(resources.StoreBudget(a), 250);
  EXPECT_GT(resources.StoreBudget(topology.nodes()[2]), 250);
  ASSERT_TRUE(a.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
  a.tasks->StartTask();
  EXPECT_EQ(resources.StoreBudget(a), 150) << "a task is expected to give 100 bytes";
}

TEST_F(ResourceManagerTest, StoreUsageCountsWaitingAndExpectedBytes) {
  builder_.Range(10, 2);
  builder_.Map("a");
  builder_.Map("b");
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {2, 0, 0}}, topology);
  Topology::Node& a = topology.nodes()[1];
  ASSERT_TRUE(a.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
  EXPECT_EQ(resources.StoreUsage(a), 0) << "its input is charged to whoever made it";
  EXPECT_EQ(resources.StoreUsage(topology.nodes()[0]), 8);
  const TaskId task = a.tasks->StartTask().task.id;
  EXPECT_EQ(resources.StoreUsage(a), 100) << "expected of the running task";
  auto block = task::PutBlock(*store_, testkit::IotaBlock(5));
  ASSERT_TRUE(a.tasks->OnBlocks(task, {block}).ok());
  ASSERT_TRUE(a.tasks->OnTaskDone(task, {.bytes_out = 40}).ok());
  EXPECT_EQ(resources.StoreUsage(a), 40);
  ASSERT_TRUE(topology.nodes()[2].op->AddInput(*a.op->TakeOutput(), 0).ok());
  EXPECT_EQ(resources.StoreUsage(a), 40) << "now it waits downstream";
}

TEST_F(ResourceManagerTest, AnOperatorKeepsItsReservedPartWhenOthersTookTheShared) {
  builder_.Range(10, 2);
  builder_.Map("a", [](auto& options) { options.expected_output_bytes = 900; });
  builder_.Map("b", [](auto& options) { options.expected_output_bytes = 900; });
  Topology topology = builder_.Build();
  const ResourceManager resources(
      {.slots = {2, 0, 0}, .object_store_bytes = 1000, .reservation_ratio = 0.5}, topology);
  Topology::Node& a = topology.nodes()[1];
  Topology::Node& b = topology.nodes()[2];
  EXPECT_EQ(resources.StoreBudget(b), 250 + 500);
  ASSERT_TRUE(a.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
  a.tasks->StartTask();  // 900 bytes: 650 more than its part
  EXPECT_EQ(resources.StoreBudget(b), 250);
  EXPECT_LT(resources.StoreBudget(a), 0);
}

TEST_F(ResourceManagerTest, WhatAnOperatorCannotUseIsNotReservedForIt) {
  builder_.Range(10, 2);
  builder_.Map("a", [](auto& options) { options.expected_output_bytes = 900; });
  builder_.Map("b", [](auto& options) { options.expected_output_bytes = 10; });
  Topology topology = builder_.Build();
  const ResourceManager resources(
      {.slots = {2, 0, 0}, .object_store_bytes = 1000, .reservation_ratio = 0.5}, topology);
  Topology::Node& a = topology.nodes()[1];
  Topology::Node& b = topology.nodes()[2];
  EXPECT_EQ(resources.StoreBudget(a), 1000 - 2 * 2 * 10);
  EXPECT_EQ(resources.StoreBudget(b), 1000 - 250);
  ASSERT_TRUE(a.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
  a.tasks->StartTask();
  EXPECT_EQ(resources.StoreBudget(b), 2 * 2 * 10 + (1000 - 250 - 40) - (900 - 250));
}

TEST_F(ResourceManagerTest, WithoutReservationEachMayUseEverything) {
  builder_.Range(10, 2);
  builder_.Map("a");
  Topology topology = builder_.Build();
  const ResourceManager resources({.object_store_bytes = 1000, .reservation_enabled = false},
                                  topology);
  EXPECT_EQ(resources.StoreBudget(topology.nodes()[1]), 1000);
}

TEST_F(ResourceManagerTest, WhatALaterTaskStillReadsIsHeldByWhoMadeIt) {
  builder_.Range(10, 2);
  builder_.Map("a");
  builder_.Limit(100);
  builder_.Map("b", [](auto& options) { options.expected_output_bytes = 0; });
  Topology topology = builder_.Build();
  ResourceManager resources({.slots = {2, 0, 0}}, topology);
  Topology::Node& a = topology.nodes()[1];
  Topology::Node& b = topology.nodes()[3];
  ASSERT_TRUE(topology.nodes()[2].op->AddInput(testkit::IotaBundle(*store_, 5), 0).ok());
  EXPECT_EQ(resources.HeldBytes(a), 40) << "in an operator between the two";
  ASSERT_TRUE(b.op->AddInput(*topology.nodes()[2].op->TakeOutput(), 0).ok());
  EXPECT_EQ(resources.HeldBytes(a), 40);
  const TaskId task = b.tasks->StartTask().task.id;
  EXPECT_EQ(resources.HeldBytes(a), 40) << "until the task that reads it has ended";
  ASSERT_TRUE(b.tasks->OnTaskDone(task, {}).ok());
  EXPECT_EQ(resources.HeldBytes(a), 0);
  resources.set_consumer_bytes(70);
  EXPECT_EQ(resources.HeldBytes(b), 70) << "what waits for the consumer";
  EXPECT_EQ(resources.HeldBytes(a), 0);
}

TEST_F(ResourceManagerTest, WhoFeedsAnOperatorThatTakesAllFirstIsNotBounded) {
  builder_.Range(10, 2);
  builder_.Map("a");
  builder_.Add(std::make_unique<RepartitionOperator>(2));
  builder_.Map("b");
  Topology topology = builder_.Build();
  const ResourceManager resources({.object_store_bytes = 1000}, topology);
  ASSERT_TRUE(topology.nodes()[2].op->AddInput(testkit::IotaBundle(*store_, 500), 0).ok());
  EXPECT_GT(resources.StoreBudget(topology.nodes()[1]), 1 << 30);
  EXPECT_EQ(resources.StoreBudget(topology.nodes()[3]), 1000) << "it has the limit for itself";
}

TEST_F(ResourceManagerTest, TheBranchesOfAUnionAreChargedForTheirOwn) {
  builder_.Range(10, 2);
  const int first = builder_.Map("a");
  builder_.Range(10, 2);
  const int second = builder_.Map("b");
  const int both = builder_.Union({first, second});
  Topology topology = builder_.Build();
  const ResourceManager resources({.object_store_bytes = 1000}, topology);
  ASSERT_TRUE(topology.nodes()[both].op->AddInput(testkit::IotaBundle(*store_, 5), 1).ok());
  EXPECT_EQ(resources.HeldBytes(topology.nodes()[first]), 0);
  EXPECT_EQ(resources.HeldBytes(topology.nodes()[second]), 40);
}

TEST_F(ResourceManagerTest, AFullStoreIsSeen) {
  builder_.Range(10, 2);
  builder_.Map("a");
  Topology topology = builder_.Build();
  const auto store = task::MakeBlockStore(100);
  const ResourceManager resources({}, topology, &store->budget());
  EXPECT_FALSE(resources.StoreIsFull());
  const ResourceBudgetBackpressurePolicy policy;
  EXPECT_TRUE(policy.MaySubmit(topology.nodes()[1], resources));
  store::MemoryBudget full(100);
  const auto bytes = full.Charge(101);
  const ResourceManager later({}, topology, &full);
  EXPECT_TRUE(later.StoreIsFull());
  EXPECT_FALSE(policy.MaySubmit(topology.nodes()[1], later));
}

TEST_F(ResourceManagerTest, FractionsOfAGpuAreShared) {
  builder_.Range(10, 2);
  builder_.ActorMap("model", {.min_size = 4, .max_size = 4}, [](auto& options) {
    options.resources = {1, 0.25, 0};
  });
  Topology topology = builder_.Build();
  const ResourceManager resources({.slots = {4, 1, 0}}, topology);
  ActorOperator& actors = *topology.nodes()[1].actors;
  for (int i = 0; i < 4; ++i) {
    ASSERT_TRUE(actors.NextActor(resources.Fits(actors.ActorResources())).has_value()) << i;
  }
  EXPECT_EQ(resources.Available().gpu, 0);
  EXPECT_FALSE(resources.Fits(actors.ActorResources()));
}

}  // namespace
}  // namespace headrace::exec
