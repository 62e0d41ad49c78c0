// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/wait_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/streaming_executor.h"
#include "headrace/testkit/manual_backend.h"
#include "headrace/testkit/topology_builder.h"

namespace headrace::exec {
namespace {

using testing::HasSubstr;
using testing::Not;
using testkit::ManualBackend;

/// Advances by hand and stops on purpose where a run would wait.
class WaitGraphTest : public testing::Test {
 protected:
  std::string Describe(testkit::TopologyBuilder& plan, ExecutorOptions options) {
    options.limits.slots.cpu = 2;
    executor_ = std::make_unique<StreamingExecutor>(plan.Build(), backend_, options);
    EXPECT_TRUE(executor_->Advance());
    return executor_->WaitGraph();
  }
  std::shared_ptr<ManualBackend> backend_ =
      std::make_shared<ManualBackend>(ManualBackend::Options{.memory_bytes = 64 << 20});
  testkit::TopologyBuilder plan_{backend_->store()};
  std::unique_ptr<StreamingExecutor> executor_;
};

TEST_F(WaitGraphTest, NamesTheSlotsAndWhoHoldsThem) {
  plan_.Range(4, 4);
  plan_.Map("greedy", [](auto& options) { options.resources.cpu = 1.5; });
  const std::string text = Describe(plan_, {});
  EXPECT_THAT(text, HasSubstr("greedy: 1 tasks running, 3 blocks queued (24 B)"));
  EXPECT_THAT(text, HasSubstr("and 1.5 CPU; waits for slots: a task needs 1.5 CPU"));
  EXPECT_THAT(text, HasSubstr("slots: 0.5 of 2 CPU free"));
}

TEST_F(WaitGraphTest, NamesThePolicyWithItsNumbers) {
  plan_.Range(4, 4);
  plan_.Map("wide", [](auto& options) { options.expected_output_bytes = 3 << 20; });
  ExecutorOptions options;
  options.limits.object_store_bytes = 4 << 20;
  const std::string text = Describe(plan_, options);
  EXPECT_THAT(text, HasSubstr("waits for ResourceBudget: a task needs 3.0 MiB of object store, "
                              "1.0 MiB are left for it of the run's 4.0 MiB"));
  EXPECT_THAT(text, HasSubstr("this run may use 4.0 MiB"));
}

TEST_F(WaitGraphTest, NamesTheMemoryCeilingAndWhoTakesIt) {
  plan_.Range(4, 4);
  plan_.Map("heavy", [](auto& options) { options.expected_heap_bytes = 40 << 20; });
  const std::string text = Describe(plan_, {});
  EXPECT_THAT(text, HasSubstr("waits for MemoryCeiling: a task needs 40.0 MiB of working memory"));
  EXPECT_THAT(text, HasSubstr("memory: limit 64.0 MiB, blocks 32 B, tasks 40.0 MiB"));
}

TEST_F(WaitGraphTest, NamesActorsThatAreBeingStarted) {
  backend_ =
      std::make_shared<ManualBackend>(ManualBackend::Options{.actors_are_ready_at_once = false});
  testkit::TopologyBuilder plan(backend_->store());
  plan.Range(4, 4);
  plan.ActorMap("model", {.max_size = 1});
  const std::string text = Describe(plan, {});
  EXPECT_THAT(text, HasSubstr("actors: 0 running, 1 pending, 0 active"));
  EXPECT_THAT(text, HasSubstr("waits for an actor"));
  EXPECT_THAT(text, Not(HasSubstr("memory:"))) << "there is no ceiling";
}

TEST_F(WaitGraphTest, NamesAConsumerThatDoesNotTake) {
  plan_.Range(4, 4);
  ExecutorOptions options;
  options.output.max_blocks = 1;
  EXPECT_THAT(Describe(plan_, options), HasSubstr("the consumer has not taken what is ready"));
}

}  // namespace
}  // namespace headrace::exec
