// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/exec/operators/limit_operator.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/map_steps.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {
namespace {

using Change = std::function<void(PhysicalNode&)>;

PhysicalNodePtr Input() {
  auto node = std::make_unique<PhysicalNode>();
  node->name = "Input";
  return node;
}

PhysicalNodePtr Native(std::string name, PhysicalNodePtr input, const Change& change = {}) {
  auto node =
      MakeMapNode(std::move(name), std::make_shared<worker::LimitStepSpec>(1), std::move(input));
  if (change) change(*node);
  return node;
}

PhysicalNodePtr Python(std::string name, PhysicalNodePtr input, const Change& change = {}) {
  auto step = std::make_shared<worker::PythonStepSpec>(name, worker::PythonUdf{});
  auto node = MakeMapNode(std::move(name), std::move(step), std::move(input));
  if (change) change(*node);
  return node;
}

/// Names from the output to the source.
std::vector<std::string> Fused(PhysicalNodePtr root) {
  root = FuseOperators(std::move(root));
  std::vector<std::string> names;
  for (const PhysicalNode* node = root.get(); node != nullptr;
       node = node->inputs.empty() ? nullptr : node->inputs.front().get()) {
    names.push_back(node->name);
  }
  return names;
}

using testing::ElementsAre;

TEST(FuseOperatorsTest, NeighboursThatSayTheSameBecomeOneChain) {
  EXPECT_THAT(Fused(Python("b", Native("a", Python("r", Input())))),
              ElementsAre("r->a->b", "Input"));
}

TEST(FuseOperatorsTest, StepsStayInOrder) {
  const auto root = FuseOperators(Python("b", Native("a", Input())));
  ASSERT_EQ(root->steps.size(), 2);
  EXPECT_EQ(root->steps[0]->kind(), worker::LimitStepSpec::kKind);
  EXPECT_EQ(root->steps[1]->kind(), worker::PythonStepSpec::kKind);
}

TEST(FuseOperatorsTest, AChangeOfComputeStrategyStopsFusion) {
  const Change actors = [](PhysicalNode& node) { node.compute.actors = true; };
  EXPECT_THAT(Fused(Python("b", Native("a", Input()), actors)), ElementsAre("b", "a", "Input"));
  EXPECT_THAT(Fused(Python("b", Python("a", Input(), actors))), ElementsAre("b", "a", "Input"));
}

TEST(FuseOperatorsTest, NativeStepsRideAlongWithTheActorBeforeThem) {
  const Change actors = [](PhysicalNode& node) { node.compute.actors = true; };
  EXPECT_THAT(Fused(Native("write", Python("model", Input(), actors))),
              ElementsAre("model->write", "Input"));
}

TEST(FuseOperatorsTest, DifferentResourcesStopFusion) {
  const Change two_cpus = [](PhysicalNode& node) { node.resources.num_cpus = 2; };
  const Change one_cpu = [](PhysicalNode& node) { node.resources.num_cpus = 1; };
  EXPECT_THAT(Fused(Python("b", Python("a", Input()), two_cpus)), ElementsAre("b", "a", "Input"));
  EXPECT_THAT(Fused(Python("b", Python("a", Input()), one_cpu)), ElementsAre("a->b", "Input"))
      << "one CPU is what a task has anyway";
}

TEST(FuseOperatorsTest, DifferentTargetSizesStopFusion) {
  const auto target = [](int64_t bytes) {
    return [bytes](PhysicalNode& node) { node.target_max_block_size = bytes; };
  };
  EXPECT_THAT(Fused(Native("b", Native("a", Input(), target(1)), target(2))),
              ElementsAre("b", "a", "Input"));
  EXPECT_THAT(Fused(Native("b", Native("a", Input()), target(2))), ElementsAre("a->b", "Input"));
}

TEST(FuseOperatorsTest, WhatNeedsItsOwnBundlesIsNotFusedUpwards) {
  const Change own = [](PhysicalNode& node) { node.one_bundle_per_task = true; };
  EXPECT_THAT(Fused(Native("c", Native("b", Native("a", Input()), own))),
              ElementsAre("b->c", "a", "Input"));
}

TEST(FuseOperatorsTest, BatchesAreFullOnlyIfTheTaskBeforeHasRowsEnough) {
  const Change batches = [](PhysicalNode& node) { node.min_rows = 10; };
  const auto read = [](int64_t rows) {
    return [rows](PhysicalNode& node) {
      node.reads = node.may_change_row_count = true;
      node.rows_per_read_task = rows;
    };
  };
  EXPECT_THAT(Fused(Python("b", Native("read", Input(), read(10)), batches)),
              ElementsAre("read->b", "Input"));
  EXPECT_THAT(Fused(Python("b", Native("read", Input(), read(9)), batches)),
              ElementsAre("b", "read", "Input"));
  const Change filters = [](PhysicalNode& node) { node.may_change_row_count = true; };
  EXPECT_THAT(Fused(Python("b", Native("filter", Input(), filters), batches)),
              ElementsAre("b", "filter", "Input"));
  EXPECT_THAT(Fused(Python("b", Native("map", Input()), batches)), ElementsAre("map->b", "Input"));
}

TEST(FuseOperatorsTest, OperatorsThatAreNoMapsStayApart) {
  auto limit = MakeOperatorNode(std::make_unique<exec::LimitOperator>(1), Native("a", Input()));
  EXPECT_THAT(Fused(Native("b", std::move(limit))), ElementsAre("b", "limit=1", "a", "Input"));
}

}  // namespace
}  // namespace headrace::planner
