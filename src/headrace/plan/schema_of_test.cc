// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/schema_of.h"

#include <gtest/gtest.h>

#include "headrace/plan/testing/sample_rows.h"

namespace headrace::plan {
namespace {

using namespace headrace::plan::testing;  // NOLINT: builders of plans
using Names = std::vector<std::string>;

TEST(SchemaOfTest, FollowsProjections) {
  const auto plan = WithColumn(Rename(Drop(ReadSample(), "b"), "a", "x"), "d", Col("c") / Lit(2));
  const auto schema = SchemaOf(First(Where(plan, Col("d") > Lit(1)), 3)).ValueOrDie();
  EXPECT_EQ(schema->field_names(), (Names{"x", "c", "d"}));
  EXPECT_EQ(schema->field(2)->type()->id(), arrow::Type::DOUBLE);
}

TEST(SchemaOfTest, UnifiesBranches) {
  const auto both = std::make_shared<Union>(
      std::vector<LogicalOperatorPtr>{Select(ReadSample(), {"b"}), ReadSample()});
  EXPECT_EQ(SchemaOf(both).ValueOrDie()->field_names(), (Names{"b", "a", "c"}));
}

TEST(SchemaOfTest, IsUnknownBehindAFunction) {
  EXPECT_EQ(SchemaOf(First(Opaque(ReadSample()), 3)).ValueOrDie(), nullptr);
  EXPECT_EQ(SchemaOf(ReadSample({.knows_schema = false})).ValueOrDie(), nullptr);
}

TEST(SchemaOfTest, ReportsColumnsThatDoNotExist) {
  EXPECT_TRUE(SchemaOf(Drop(ReadSample(), "nope")).status().IsKeyError());
  EXPECT_TRUE(SchemaOf(WithColumn(ReadSample(), "d", Col("nope") + Lit(1))).status().IsKeyError());
  EXPECT_TRUE(SchemaOf(Select(ReadSample(), {"nope"})).status().IsKeyError());
}

}  // namespace
}  // namespace headrace::plan
