// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/backpressure/backpressure_policy.h"

#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"
#include "headrace/testkit/topology_builder.h"

namespace headrace::exec {
namespace {

class BackpressurePolicyTest : public testing::Test {
 protected:
  Topology::Node& MapWithTwoBlocks(const testkit::TopologyBuilder::ChangeMap& change) {
    testkit::TopologyBuilder builder(store_);
    builder.Range(0, 0);
    builder.Map("a", change);
    topology_ = builder.Build();
    Topology::Node& map = topology_.nodes()[1];
    for (int i = 0; i < 2; ++i) {
      EXPECT_TRUE(map.op->AddInput(testkit::IotaBundle(*store_, 1), 0).ok());
    }
    return map;
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  Topology topology_;
};

TEST_F(BackpressurePolicyTest, TheConcurrencyCapCountsRunningTasks) {
  const ConcurrencyCapBackpressurePolicy policy;
  Topology::Node& map = MapWithTwoBlocks([](auto& options) { options.max_running = 1; });
  const ResourceManager resources({}, topology_);
  EXPECT_TRUE(policy.MaySubmit(map, resources));
  const TaskId task = map.tasks->StartTask().task.id;
  EXPECT_FALSE(policy.MaySubmit(map, resources));
  ASSERT_TRUE(map.tasks->OnTaskDone(task, {}).ok());
  EXPECT_TRUE(policy.MaySubmit(map, resources));
}

TEST_F(BackpressurePolicyTest, TheBudgetHoldsATaskBackWhoseOutputWouldNotFit) {
  const ResourceBudgetBackpressurePolicy policy;
  Topology::Node& map =
      MapWithTwoBlocks([](auto& options) { options.expected_output_bytes = 600; });
  const ResourceManager resources({.object_store_bytes = 1000}, topology_);
  EXPECT_TRUE(policy.MaySubmit(map, resources));
  map.tasks->StartTask();
  EXPECT_FALSE(policy.MaySubmit(map, resources));
}

TEST_F(BackpressurePolicyTest, TheCeilingHoldsATaskBackWhoseMemoryWouldNotFit) {
  const auto memory = std::make_shared<store::MemoryLedger>(1000);
  const MemoryCeilingBackpressurePolicy policy(memory);
  Topology::Node& map = MapWithTwoBlocks([](auto& options) { options.expected_heap_bytes = 600; });
  const ResourceManager resources({}, topology_);
  EXPECT_TRUE(policy.MaySubmit(map, resources));
  const auto others = memory->ReserveHeap(500);
  EXPECT_FALSE(policy.MaySubmit(map, resources));
  EXPECT_EQ(policy.WhyNot(map, resources),
            "a task needs 600 B of working memory; of the limit of 1000 B, blocks take 0 B and "
            "tasks 500 B, measured 0 B");
}

TEST_F(BackpressurePolicyTest, HeavyTasksBeginWithOneUntilItWasSeenWhatItTakes) {
  const MemoryCeilingBackpressurePolicy policy(std::make_shared<store::MemoryLedger>(1000));
  Topology::Node& map = MapWithTwoBlocks([](auto& options) { options.expected_heap_bytes = 130; });
  const ResourceManager two_slots({.slots = {.cpu = 2}}, topology_);
  const ResourceManager one_slot({.slots = {.cpu = 1}}, topology_);
  EXPECT_TRUE(policy.MaySubmit(map, two_slots));
  const TaskId task = map.tasks->StartTask().task.id;
  EXPECT_FALSE(policy.MaySubmit(map, two_slots)) << "2 x 4 x 130 > 1000";
  EXPECT_EQ(policy.WhyNot(map, two_slots),
            "a task needs 130 B of working memory; the first is awaited, to see what it takes");
  EXPECT_TRUE(policy.MaySubmit(map, one_slot)) << "1 x 4 x 130 < 1000";
  ASSERT_TRUE(map.tasks->OnTaskDone(task, {}).ok());
  map.tasks->StartTask();
  EXPECT_TRUE(policy.MaySubmit(map, two_slots));
}

TEST_F(BackpressurePolicyTest, ARunMayHaveALimitOfMemoryOfItsOwn) {
  const MemoryCeilingBackpressurePolicy policy(std::make_shared<store::MemoryLedger>(-1));
  Topology::Node& map = MapWithTwoBlocks([](auto& options) { options.expected_heap_bytes = 600; });
  ResourceManager resources({.memory_bytes = 1000}, topology_);
  EXPECT_TRUE(policy.MaySubmit(map, resources));
  resources.set_heap_bytes(300);
  EXPECT_TRUE(policy.MaySubmit(map, resources));
  resources.set_consumer_bytes(200);
  EXPECT_FALSE(policy.MaySubmit(map, resources));
  EXPECT_EQ(policy.WhyNot(map, resources),
            "a task needs 600 B of working memory; 500 B are left of the 1000 B of this run");
}

TEST_F(BackpressurePolicyTest, OnlyThePoliciesThatAreEnabledApply) {
  Topology::Node& map = MapWithTwoBlocks([](auto& options) { options.max_running = 0; });
  const ResourceManager resources({}, topology_);
  const auto memory = std::make_shared<store::MemoryLedger>(-1);
  const auto all = MakeBackpressurePolicies(memory);
  ASSERT_NE(RefusedBy(all, map, resources), nullptr);
  EXPECT_EQ(RefusedBy(all, map, resources)->name(), "ConcurrencyCap");
  const auto some = MakeBackpressurePolicies(memory, {"ResourceBudget", "MemoryCeiling"});
  EXPECT_EQ(some.size(), 2);
  EXPECT_EQ(RefusedBy(some, map, resources), nullptr);
}

}  // namespace
}  // namespace headrace::exec
