// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/datasource/file_options.h"
#include "headrace/plan/operators.h"
#include "headrace/testkit/blocks.h"

namespace headrace::planner {
namespace {

using plan::LogicalOperatorPtr;

class PlannerTest : public testing::Test {
 protected:
  PlannerTest() {
    context_.store = task::MakeBlockStore(-1);
    context_.num_cpus = 4;
  }
  static LogicalOperatorPtr Data() {
    return std::make_shared<plan::InputData>(
        "FromItems", std::vector<Block>{testkit::IotaBlock(2), testkit::IotaBlock(3, 2)});
  }
  static LogicalOperatorPtr Python(LogicalOperatorPtr input, int64_t batch_size,
                                   plan::MapOptions options = {}) {
    return std::make_shared<plan::Map>(std::move(input), plan::MapKind::kBatches, "f",
                                       plan::PythonFunction{"pickle"}, batch_size,
                                       std::move(options));
  }
  PhysicalNodePtr LowerIt(const LogicalOperatorPtr& plan) {
    return Lower(plan, context_).ValueOrDie();
  }
  std::string Tree(const LogicalOperatorPtr& plan) { return ToTreeString(*LowerIt(plan)); }

  PlanContext context_;
};

TEST_F(PlannerTest, BlocksThatExistBecomeBundlesOfTheSource) {
  const auto node = LowerIt(Data());
  EXPECT_EQ(node->kind, PhysicalNode::Kind::kInput);
  ASSERT_EQ(node->bundles.size(), 2);
  EXPECT_EQ(testkit::Ids(node->bundles[1]), testkit::Iota(3, 2));
}

TEST_F(PlannerTest, ADryRunPutsNothingIntoTheStore) {
  context_.dry_run = true;
  EXPECT_TRUE(LowerIt(Data())->bundles.empty());
  EXPECT_EQ(context_.store->stats().num_objects, 0);
}

TEST_F(PlannerTest, AFunctionWithABatchSizeGetsABatchStepAndEnoughRows) {
  const auto node = LowerIt(Python(Data(), 64));
  ASSERT_EQ(node->steps.size(), 2);
  EXPECT_EQ(node->steps[0]->kind(), "batch");
  EXPECT_EQ(node->min_rows, 64);
  EXPECT_EQ(LowerIt(Python(Data(), 0))->steps.size(), 1);
  EXPECT_EQ(LowerIt(Python(Data(), -1))->min_rows, 0);
}

/// Notes what it is asked for; has no rows.
class AskedSource final : public Datasource {
 public:
  std::string_view kind() const override { return "asked"; }
  std::string name() const override { return "ReadAsked"; }
  Result<std::shared_ptr<arrow::Schema>> Schema() const override { return nullptr; }
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const override {
    batch_rows = parallelism.batch_rows;
    return std::vector<ReadTask>();
  }
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask&, const ReadOptions&) const override {
    return Status::Invalid("there is nothing to read");
  }
  Result<std::string> Serialize() const override { return std::string(); }

  mutable int64_t batch_rows = -1;
};

TEST_F(PlannerTest, AReadIsToldTheBatchesOfTheFunctionRightAboveIt) {
  const auto source = std::make_shared<AskedSource>();
  const LogicalOperatorPtr read =
      std::make_shared<plan::Read>(source, std::nullopt, plan::MapOptions{});
  LowerIt(Python(read, 64));
  EXPECT_EQ(source->batch_rows, 64);
  LowerIt(Python(read, -1));
  EXPECT_EQ(source->batch_rows, 0);
  LowerIt(Python(Python(read, 0), 64));
  EXPECT_EQ(source->batch_rows, 0);
}

TEST_F(PlannerTest, EachOperatorHasItsPhysicalOne) {
  plan::MapOptions actors;
  actors.compute.actors = true;
  EXPECT_EQ(Tree(Python(Data(), 0, actors)),
            "ActorPoolMapOperator[MapBatches(f)]\n+- InputDataBuffer[FromItems]\n");
  EXPECT_EQ(Tree(std::make_shared<plan::Limit>(Data(), 3)),
            "LimitOperator[limit=3]\n+- InputDataBuffer[FromItems]\n");
  EXPECT_EQ(Tree(std::make_shared<plan::Union>(std::vector{Data(), Data()})),
            "UnionOperator[Union]\n+- InputDataBuffer[FromItems]\n"
            "+- InputDataBuffer[FromItems]\n");
  EXPECT_EQ(Tree(std::make_shared<plan::Count>(Data())),
            "TaskPoolMapOperator[Count]\n+- InputDataBuffer[FromItems]\n");
  EXPECT_EQ(Tree(std::make_shared<plan::Repartition>(Data(), 2)),
            "TaskPoolMapOperator[Repartition]\n+- AllToAllOperator[Repartition]\n"
            "   +- InputDataBuffer[FromItems]\n");
}

TEST_F(PlannerTest, TheContextBoundsPoolsWithoutASize) {
  context_.data.actor_min_running = 2;
  context_.data.actor_max_running = 3;
  plan::MapOptions actors;
  actors.compute.actors = true;
  const auto node = LowerIt(Python(Data(), 0, actors));
  EXPECT_EQ(node->compute.min_size, 2);
  EXPECT_EQ(node->compute.max_size, 3);
  actors.compute.size = 1;
  EXPECT_EQ(LowerIt(Python(Data(), 0, actors))->compute.max_size, -1);
}

TEST_F(PlannerTest, FilesThatAreListedWhileTheyAreReadTakeTwoOperators) {
  datasource::TextReadOptions text;
  text.files.SetFiles({{"/no/a.txt", 10}, {"/no/b.txt", 30}});
  const auto plan_of = [&] {
    const auto source = datasource::MakeTextDatasource(text).ValueOrDie();
    const auto read = std::make_shared<plan::Read>(source, std::nullopt, plan::MapOptions{});
    return Python(read, 0);
  };
  EXPECT_EQ(ToTreeString(*FuseOperators(LowerIt(plan_of()))),
            "TaskPoolMapOperator[ReadText->MapBatches(f)]\n+- InputDataBuffer[Input]\n");
  text.files.listing = std::make_shared<io::Listing>();
  EXPECT_EQ(plan::ToTreeString(plan_of()),
            "MapBatches[MapBatches(f)]\n+- ReadFiles[ReadFilesText]\n   +- ListFiles[ListFiles]\n");
  const auto node = FuseOperators(LowerIt(plan_of()));
  EXPECT_EQ(ToTreeString(*node),
            "TaskPoolMapOperator[ReadFilesText->MapBatches(f)]\n"
            "+- TaskPoolMapOperator[ListFiles]\n   +- InputDataBuffer[Input]\n");
  EXPECT_GT(node->reader_heap_bytes, 0) << "the sample tells";
  EXPECT_EQ(node->expected_output_bytes, 20 * static_cast<int64_t>(io::kPageFiles));
  const PhysicalNode& input = *node->inputs[0]->inputs[0];
  EXPECT_EQ(input.bundles.size(), 1) << "one task lists";
  context_.dry_run = true;
  EXPECT_TRUE(LowerIt(plan_of())->inputs[0]->inputs[0]->inputs[0]->bundles.empty());
}

TEST_F(PlannerTest, TheTopologyHasTheOperatorsInOrder) {
  const auto topology =
      BuildTopology(LowerIt(std::make_shared<plan::Limit>(Python(Data(), 0), 3)), context_)
          .ValueOrDie();
  EXPECT_EQ(topology.ToString(),
            "InputDataBuffer[FromItems] -> TaskPoolMapOperator[MapBatches(f)] -> "
            "LimitOperator[limit=3]");
  EXPECT_EQ(topology.nodes()[1].tasks->TaskResources().cpu, 1);
}

}  // namespace
}  // namespace headrace::planner
