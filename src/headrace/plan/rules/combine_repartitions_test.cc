// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/rules/combine_repartitions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr Rewrite(const LogicalOperatorPtr& node) {
  return CombineRepartitions().Rewrite(node).ValueOrDie();
}

LogicalOperatorPtr Cut(LogicalOperatorPtr input, int64_t rows, bool strict) {
  return std::make_shared<StreamingRepartition>(std::move(input), rows, strict);
}
LogicalOperatorPtr Blocks(LogicalOperatorPtr input, int64_t num_blocks) {
  return std::make_shared<Repartition>(std::move(input), num_blocks);
}

TEST(CombineRepartitionsTest, KeepsTheLastOne) {
  const auto combined = Rewrite(Blocks(Blocks(ReadSample(), 3), 5));
  EXPECT_EQ(As<Repartition>(combined)->num_blocks(), 5);
  EXPECT_NE(As<Read>(combined->input()), nullptr);
  EXPECT_NE(As<Read>(Rewrite(Blocks(Cut(ReadSample(), 3, false), 5))->input()), nullptr);
  EXPECT_NE(As<Read>(Rewrite(Cut(Blocks(ReadSample(), 3), 5, true))->input()), nullptr);
}

TEST(CombineRepartitionsTest, LeavesCutsThatKeepBoundariesBelow) {
  const auto plan = Cut(Cut(ReadSample(), 3, true), 5, false);
  EXPECT_EQ(Rewrite(plan), plan);
}

}  // namespace
}  // namespace headrace::plan
