// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/merge_projections.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans
using ::testing::ElementsAre;

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return MergeProjections().Rewrite(node).ValueOrDie();
}

std::vector<std::string> Texts(const LogicalOperatorPtr& node) {
  std::vector<std::string> texts;
  for (const auto& named : As<Project>(node)->exprs()) {
    texts.push_back(named.name + "=" + named.expr.ToString());
  }
  return texts;
}

TEST(MergeProjectionsTest, MakesOneListOfWithColumnAndSelect) {
  const auto merged = Rewrite(Select(WithColumn(ReadSample(), "d", Col("a") * Lit(2)), {"d", "b"}));
  EXPECT_THAT(Texts(merged), ElementsAre("d=col('a') * 2", "b=col('b')"));
  EXPECT_FALSE(As<Project>(merged)->keep_rest());
  EXPECT_NE(As<Read>(merged->input()), nullptr);
}

TEST(MergeProjectionsTest, FollowsRenames) {
  const auto merged = Rewrite(Select(Rename(ReadSample(), "a", "x"), {"x", "b"}));
  EXPECT_THAT(Texts(merged), ElementsAre("x=col('a')", "b=col('b')"));
}

TEST(MergeProjectionsTest, JoinsAddedColumnsAndLetsTheLaterOneWin) {
  const auto merged =
      Rewrite(WithColumn(WithColumn(ReadSample(), "a", Col("a") + Lit(1)), "a", Col("a") * Lit(2)));
  EXPECT_THAT(Texts(merged), ElementsAre("a=(col('a') + 1) * 2"));
  EXPECT_TRUE(As<Project>(merged)->keep_rest());
}

TEST(MergeProjectionsTest, AddsToAList) {
  const auto merged = Rewrite(WithColumn(Select(ReadSample(), {"b"}), "d", Col("b") + Lit(1)));
  EXPECT_THAT(Texts(merged), ElementsAre("b=col('b')", "d=col('b') + 1"));
}

TEST(MergeProjectionsTest, DoesNotComputeAnythingTwice) {
  const auto d = WithColumn(ReadSample(), "d", Col("a") * Lit(2));
  const auto used_by_another = WithColumn(d, "e", Col("d") + Lit(1));
  EXPECT_EQ(Rewrite(used_by_another), used_by_another);
}

TEST(MergeProjectionsTest, LeavesTheErrorOfADroppedColumnToTheRun) {
  const auto plan = Select(Drop(ReadSample(), "a"), {"a"});
  EXPECT_EQ(Rewrite(plan), plan);
}

}  // namespace
}  // namespace headrace::plan
