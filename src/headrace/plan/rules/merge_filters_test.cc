// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/merge_filters.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return MergeFilters().Rewrite(node).ValueOrDie();
}

TEST(MergeFiltersTest, JoinsPredicatesInTheirOrder) {
  const auto merged = Rewrite(Where(Where(ReadSample(), Col("a") > Lit(1)), Col("b") > Lit(2)));
  EXPECT_EQ(merged->name(), "Filter((col('a') > 1) & (col('b') > 2))");
  EXPECT_NE(As<Read>(merged->input()), nullptr);
}

TEST(MergeFiltersTest, LeavesFiltersWithDifferentResources) {
  MapOptions options;
  options.resources.num_cpus = 2;
  const auto plan = std::make_shared<FilterExpr>(Where(ReadSample(), Col("a") > Lit(1)),
                                                 Col("b") > Lit(2), options);
  EXPECT_EQ(Rewrite(plan), plan);
}

}  // namespace
}  // namespace headrace::plan
