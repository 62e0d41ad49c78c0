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

}  // namespace
}  // namespace headrace::exec
