// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/limit_pushdown.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return LimitPushdown().Rewrite(node).ValueOrDie();
}

TEST(LimitPushdownTest, TellsTheReadAndStaysAboveIt) {
  const auto pushed = Rewrite(First(ReadSample(), 3));
  EXPECT_EQ(pushed->name(), "limit=3");
  EXPECT_EQ(As<Read>(pushed->input())->limit_rows(), 3);
  EXPECT_EQ(Rewrite(pushed), pushed);
}

TEST(LimitPushdownTest, PassesWhatKeepsEachRow) {
  EXPECT_NE(As<Project>(Rewrite(First(Select(ReadSample(), {"a"}), 3))), nullptr);
  EXPECT_NE(As<Map>(Rewrite(First(Opaque(ReadSample(), false), 3))), nullptr);
}

TEST(LimitPushdownTest, TellsTheSortHowManyRowsAreNeeded) {
  const auto pushed = Rewrite(First(SortBy(ReadSample(), {{"a", true}}), 3));
  EXPECT_EQ(pushed->name(), "limit=3");
  EXPECT_EQ(As<Sort>(pushed->input())->limit_rows(), 3);
  EXPECT_EQ(As<Read>(pushed->input()->input())->limit_rows(), -1);
  EXPECT_EQ(Rewrite(pushed), pushed);
}

TEST(LimitPushdownTest, StaysAboveWhatMayDropRows) {
  for (const auto& input : {Opaque(ReadSample()), Where(ReadSample(), Col("a") > Lit(1))}) {
    const auto plan = First(input, 3);
    EXPECT_EQ(Rewrite(plan), plan) << input->name();
  }
}

TEST(LimitPushdownTest, LimitsEachBranchOfAUnionOnce) {
  const auto both = std::make_shared<Union>(
      std::vector<LogicalOperatorPtr>{Opaque(ReadSample()), First(ReadSample(), 2)});
  const auto pushed = Rewrite(First(both, 3));
  EXPECT_EQ(pushed->name(), "limit=3");
  EXPECT_EQ(pushed->input()->inputs()[0]->name(), "limit=3");
  EXPECT_EQ(pushed->input()->inputs()[1]->name(), "limit=2");
  EXPECT_EQ(Rewrite(pushed), pushed);
}

}  // namespace
}  // namespace headrace::plan
