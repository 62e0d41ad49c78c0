// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/fuse_limits.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return FuseLimits().Rewrite(node).ValueOrDie();
}

TEST(FuseLimitsTest, KeepsTheSmallerOne) {
  const auto fused = Rewrite(First(First(ReadSample(), 3), 7));
  EXPECT_EQ(fused->name(), "limit=3");
  EXPECT_NE(As<Read>(fused->input()), nullptr);
  EXPECT_EQ(Rewrite(First(First(ReadSample(), 7), 3))->name(), "limit=3");
}

TEST(FuseLimitsTest, LeavesASingleLimit) {
  const auto plan = First(ReadSample(), 3);
  EXPECT_EQ(Rewrite(plan), plan);
}

}  // namespace
}  // namespace headrace::plan
