// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/topology.h"

#include <gtest/gtest.h>

#include "headrace/testkit/topology_builder.h"

namespace headrace::exec {
namespace {

Topology UnionOfTwo() {
  testkit::TopologyBuilder builder(task::MakeBlockStore(-1));
  builder.Range(2, 1);
  const int first = builder.Map("a");
  const int second = builder.Range(2, 1);
  builder.Union({first, second});
  return builder.Build();
}

TEST(TopologyTest, KnowsConsumersAndRoles) {
  const Topology topology = UnionOfTwo();
  const auto& nodes = topology.nodes();
  EXPECT_EQ(nodes[0].output, 1);
  EXPECT_EQ(nodes[1].output, 3);
  EXPECT_EQ(nodes[1].output_input, 0);
  EXPECT_EQ(nodes[2].output_input, 1);
  EXPECT_EQ(nodes[3].output, -1);
  EXPECT_EQ(nodes[0].tasks, nullptr);
  EXPECT_NE(nodes[1].tasks, nullptr);
  EXPECT_EQ(nodes[1].actors, nullptr);
}

TEST(TopologyTest, PrintsItselfAsAChainAndAsATree) {
  const Topology topology = UnionOfTwo();
  EXPECT_EQ(topology.ToString(),
            "InputDataBuffer[Input] -> TaskPoolMapOperator[a] -> InputDataBuffer[Input] -> "
            "UnionOperator[Union]");
  EXPECT_EQ(topology.ToTreeString(),
            "UnionOperator[Union]\n"
            "+- TaskPoolMapOperator[a]\n"
            "   +- InputDataBuffer[Input]\n"
            "+- InputDataBuffer[Input]\n");
}

TEST(TopologyTest, SpreadKeepsExtremesAndSum) {
  OperatorCounters::Spread spread;
  for (const double value : {3.0, 1.0, 2.0}) spread.Add(value);
  EXPECT_EQ(spread.min, 1);
  EXPECT_EQ(spread.max, 3);
  EXPECT_EQ(spread.sum, 6);
  EXPECT_EQ(spread.count, 3);
}

}  // namespace
}  // namespace headrace::exec
