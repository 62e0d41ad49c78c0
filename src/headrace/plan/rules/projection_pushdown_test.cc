// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/projection_pushdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans
using ::testing::ElementsAre;

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return ProjectionPushdown().Rewrite(node).ValueOrDie();
}

TEST(ProjectionPushdownTest, LetsTheSourceSelectColumns) {
  const auto pushed = Rewrite(Select(ReadSample(), {"c", "a"}));
  ASSERT_NE(As<Read>(pushed), nullptr);
  EXPECT_THAT(*SourceOf(pushed).columns(), ElementsAre("c", "a"));
}

TEST(ProjectionPushdownTest, ReadsWhatFiltersAndExpressionsNeed) {
  const auto plan = Select(
      First(WithColumn(Where(ReadSample(), Col("b") > Lit(1)), "d", Col("a") + Lit(1)), 5), {"d"});
  const auto pushed = Rewrite(plan);
  const auto& project = pushed->input()->input();
  EXPECT_EQ(As<Project>(project)->exprs().size(), 1U);
  EXPECT_THAT(*SourceOf(project->input()->input()).columns(), ElementsAre("a", "b"));
}

TEST(ProjectionPushdownTest, CountsWithoutColumns) {
  const auto pushed =
      Rewrite(std::make_shared<Count>(WithColumn(ReadSample(), "d", Col("a") + Lit(1))));
  ASSERT_NE(As<Read>(pushed->input()), nullptr);
  EXPECT_THAT(*SourceOf(pushed->input()).columns(), ElementsAre());
  EXPECT_EQ(Rewrite(pushed), pushed);
}

TEST(ProjectionPushdownTest, ReadsTheColumnsOfAggregates) {
  const auto pushed = Rewrite(std::make_shared<PartialAggregate>(
      ReadSample(), std::vector<ColumnAggregate>{{"sum", "b"}, {"max", "b"}, {"min", "c"}}));
  EXPECT_THAT(*SourceOf(pushed->input()).columns(), ElementsAre("b", "c"));
}

TEST(ProjectionPushdownTest, ReadsTheKeysOfASortTooAndWhatAGroupNeeds) {
  const auto sorted = Rewrite(Select(SortBy(ReadSample(), {{"b"}}), {"c"}));
  EXPECT_THAT(*SourceOf(sorted->input()->input()).columns(), ElementsAre("c", "b"));
  const auto grouped = Rewrite(std::make_shared<GroupAggregate>(
      ReadSample(), std::vector<std::string>{"c"},
      std::vector<Aggregation>{{"count", "", "n"}, {"sum", "a", "s"}}, 0));
  EXPECT_THAT(*SourceOf(grouped->input()).columns(), ElementsAre("c", "a"));
}

LogicalOperatorPtr JoinSamples(JoinOptions options) {
  options.left_suffix = "_l";
  options.right_suffix = "_r";
  return std::make_shared<Join>(ReadSample(), ReadSample(), std::move(options));
}

TEST(ProjectionPushdownTest, ReadsTheKeysOfAJoinAndWhatIsNeededOfEachSide) {
  const LogicalOperatorPtr same = JoinSamples({.left_on = {"a"}, .right_on = {"a"}});
  auto join = Rewrite(Select(same, {"b_l"}))->input();
  EXPECT_THAT(*SourceOf(join->inputs()[0]).columns(), ElementsAre("a", "b"));
  EXPECT_THAT(*SourceOf(join->inputs()[1]).columns(), ElementsAre("a", "b"))
      << "without it the left one would have no suffix";
  join = Rewrite(std::make_shared<Count>(same))->input();
  EXPECT_THAT(*SourceOf(join->inputs()[0]).columns(), ElementsAre("a"));
  // The right key has the name of a left column.
  join = Rewrite(Select(JoinSamples({.left_on = {"a"}, .right_on = {"b"}}), {"c_r"}))->input();
  EXPECT_EQ(SourceOf(join->inputs()[0]).columns(), std::nullopt) << "all of a, b, c";
  join = Rewrite(Select(JoinSamples({.left_on = {"a"}, .right_on = {"a"}}), {"a"}))->input();
  EXPECT_THAT(*SourceOf(join->inputs()[1]).columns(), ElementsAre("a"));
}

TEST(ProjectionPushdownTest, DoesNotLookThroughFunctions) {
  const auto plan = Select(Opaque(ReadSample()), {"a"});
  EXPECT_EQ(Rewrite(plan), plan);
}

TEST(ProjectionPushdownTest, LeavesASourceThatReadsEverything) {
  const auto plan = Select(ReadSample({.projects = false}), {"a"});
  EXPECT_EQ(Rewrite(plan), plan);
}

TEST(ProjectionPushdownTest, DoesNotBringBackAColumnThatTheSourceWasNotAskedFor) {
  const auto only_a = Rewrite(Select(ReadSample(), {"a"}));
  const auto plan = Select(only_a, {"b"});
  EXPECT_EQ(Rewrite(plan), plan);
}

TEST(ProjectionPushdownTest, ReadsAllOfABranchThatLacksTheColumn) {
  const auto both = std::make_shared<Union>(std::vector<LogicalOperatorPtr>{
      ReadSample(), WithColumn(Select(ReadSample(), {"b"}), "z", Lit(1))});
  const auto pushed = Rewrite(Select(both, {"a"}));
  const auto& branches = pushed->input()->inputs();
  EXPECT_THAT(*SourceOf(branches[0]).columns(), ElementsAre("a"));
  EXPECT_EQ(branches[1], both->inputs()[1]);
}

}  // namespace
}  // namespace headrace::plan
