// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/predicate_pushdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return PredicatePushdown().Rewrite(node).ValueOrDie();
}

TEST(PredicatePushdownTest, PutsConjunctsIntoTheSourceAndKeepsTheRest) {
  const auto plan = Where(ReadSample({.filterable = {"a"}}),
                          Col("a") > Lit(1) && Col("b") > Lit(2) && Col("a") < Lit(9));
  const auto pushed = Rewrite(plan);
  EXPECT_EQ(pushed->name(), "Filter(col('b') > 2)");
  EXPECT_EQ(SourceOf(pushed->input()).filter().ToString(), "(col('a') > 1) & (col('a') < 9)");
}

TEST(PredicatePushdownTest, LeavesNoFilterWhenTheSourceTakesAll) {
  const auto pushed = Rewrite(Where(ReadSample({.filterable = {"a"}}), Col("a") > Lit(1)));
  EXPECT_NE(As<Read>(pushed), nullptr);
}

TEST(PredicatePushdownTest, FollowsPlainColumnsBelowAProjection) {
  const auto pushed = Rewrite(Where(Rename(ReadSample(), "a", "x"), Col("x") > Lit(1)));
  EXPECT_NE(As<Project>(pushed), nullptr);
  EXPECT_EQ(pushed->input()->name(), "Filter(col('a') > 1)");
}

TEST(PredicatePushdownTest, KeepsPredicatesOverComputedColumnsAbove) {
  const auto d = WithColumn(ReadSample(), "d", Col("a") * Lit(2));
  const auto pushed = Rewrite(Where(d, Col("d") > Lit(1) && Col("b") > Lit(2)));
  EXPECT_EQ(pushed->name(), "Filter(col('d') > 1)");
  EXPECT_EQ(pushed->input()->input()->name(), "Filter(col('b') > 2)");
}

TEST(PredicatePushdownTest, FiltersEachBranchOfAUnion) {
  const auto both =
      std::make_shared<Union>(std::vector<LogicalOperatorPtr>{ReadSample(), ReadSample()});
  const auto pushed = Rewrite(Where(both, Col("a") > Lit(1)));
  ASSERT_NE(As<Union>(pushed), nullptr);
  EXPECT_EQ(pushed->inputs()[1]->name(), "Filter(col('a') > 1)");
}

TEST(PredicatePushdownTest, StaysAboveAUnionWhoseBranchLacksTheColumn) {
  const auto both = std::make_shared<Union>(
      std::vector<LogicalOperatorPtr>{ReadSample(), Select(ReadSample(), {"b"})});
  const auto plan = Where(both, Col("a") > Lit(1));
  EXPECT_EQ(Rewrite(plan), plan);
}

TEST(PredicatePushdownTest, PassesRepartitionsButNoLimitAndNoFunction) {
  const auto cut = std::make_shared<Repartition>(ReadSample(), /*num_blocks=*/3);
  EXPECT_NE(As<Repartition>(Rewrite(Where(cut, Col("a") > Lit(1)))), nullptr);
  for (const auto& input : {First(ReadSample(), 3), Opaque(ReadSample(), false)}) {
    const auto plan = Where(input, Col("a") > Lit(1));
    EXPECT_EQ(Rewrite(plan), plan) << input->name();
  }
}

TEST(PredicatePushdownTest, DoesNotPassALimitInsideTheRead) {
  const auto source =
      std::make_shared<MemorySource>(SampleRows(), MemorySourceOptions{.filterable = {"a"}});
  const auto plan =
      Where(std::make_shared<Read>(source, std::nullopt, MapOptions{}, 3), Col("a") > Lit(1));
  EXPECT_EQ(Rewrite(plan), plan);
}

}  // namespace
}  // namespace headrace::plan
