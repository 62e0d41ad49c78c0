// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/row_count_of.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

TEST(RowCountOfTest, AddsAndLimitsWhatTheMetadataSays) {
  const auto fifty = Opaque(Select(ReadSample(), {"a"}), /*may_change_row_count=*/false);
  EXPECT_EQ(RowCountOf(fifty).ValueOrDie(), 50);
  EXPECT_EQ(RowCountOf(First(fifty, 7)).ValueOrDie(), 7);
  EXPECT_EQ(RowCountOf(First(fifty, 70)).ValueOrDie(), 50);
  const auto both = std::make_shared<Union>(std::vector<LogicalOperatorPtr>{fifty, fifty});
  EXPECT_EQ(RowCountOf(both).ValueOrDie(), 100);
}

TEST(RowCountOfTest, IsUnknownBehindFiltersAndFunctions) {
  EXPECT_EQ(RowCountOf(Where(ReadSample(), Col("a") > Lit(1))).ValueOrDie(), std::nullopt);
  EXPECT_EQ(RowCountOf(First(Opaque(ReadSample()), 3)).ValueOrDie(), std::nullopt);
  EXPECT_EQ(RowCountOf(First(Opaque(ReadSample()), 0)).ValueOrDie(), 0);
}

TEST(SizeEstimateOfTest, TakesTheShareOfALimit) {
  EXPECT_EQ(SizeEstimateOf(Opaque(ReadSample())).ValueOrDie(), 100);
  EXPECT_EQ(SizeEstimateOf(First(ReadSample(), 10)).ValueOrDie(), 20);
}

TEST(InputFilesOfTest, NamesEachFileOnce) {
  const auto both =
      std::make_shared<Union>(std::vector<LogicalOperatorPtr>{ReadSample(), ReadSample()});
  EXPECT_THAT(InputFilesOf(Opaque(both)).ValueOrDie(), ::testing::ElementsAre("memory"));
}

}  // namespace
}  // namespace headrace::plan
