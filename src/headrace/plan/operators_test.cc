// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"

#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans

LogicalOperatorPtr MapOf(MapKind kind) {
  return std::make_shared<Map>(ReadSample(), kind, "f", PythonFunction{}, 0, MapOptions{});
}

TEST(OperatorsTest, AreNamedAsInRay) {
  EXPECT_EQ(MapOf(MapKind::kBatches)->name(), "MapBatches(f)");
  EXPECT_EQ(MapOf(MapKind::kRows)->name(), "Map(f)");
  EXPECT_EQ(MapOf(MapKind::kRows)->type(), "MapRows");
  EXPECT_EQ(MapOf(MapKind::kFlatMap)->name(), "FlatMap(f)");
  EXPECT_EQ(MapOf(MapKind::kFilter)->name(), "Filter(f)");
  EXPECT_EQ(Where(ReadSample(), Col("id") > Lit(3))->name(), "Filter(col('id') > 3)");
  EXPECT_EQ(StreamingRepartition(ReadSample(), 6, false).name(),
            "StreamingRepartition[num_rows_per_block=6,strict=False]");
}

TEST(OperatorsTest, KeepTheirSettingsOverOtherInputs) {
  const auto other = ReadSample();
  MapOptions options;
  options.resources.num_gpus = 1;
  const Map map(ReadSample(), MapKind::kBatches, "f", PythonFunction{"bytes", true}, 8, options,
                /*may_change_row_count=*/false);
  const auto moved = map.WithInputs({other});
  const auto* copy = As<Map>(moved);
  ASSERT_NE(copy, nullptr);
  EXPECT_EQ(copy->input(), other);
  EXPECT_EQ(std::get<PythonFunction>(copy->function()).pickled, "bytes");
  EXPECT_EQ(copy->batch_size(), 8);
  EXPECT_EQ(copy->options(), options);
  EXPECT_FALSE(copy->may_change_row_count());
  EXPECT_EQ(First(ReadSample(), 3)->WithInputs({other})->name(), "limit=3");
}

TEST(OperatorsTest, SayWhetherTheyMayChangeTheRowCount) {
  EXPECT_FALSE(As<Map>(MapOf(MapKind::kRows))->may_change_row_count());
  EXPECT_TRUE(As<Map>(MapOf(MapKind::kBatches))->may_change_row_count());
  EXPECT_TRUE(As<Map>(MapOf(MapKind::kFilter))->may_change_row_count());
}

TEST(ToTreeStringTest, IndentsInputs) {
  const auto both = std::make_shared<Union>(
      std::vector<LogicalOperatorPtr>{First(ReadSample(), 3), ReadSample()});
  EXPECT_EQ(ToTreeString(both),
            "Union[Union]\n+- Limit[limit=3]\n   +- Read[ReadMemory]\n+- Read[ReadMemory]\n");
}

}  // namespace
}  // namespace headrace::plan
