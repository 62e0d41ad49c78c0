// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/projection.h"

#include <gtest/gtest.h>

namespace headrace::expr {
namespace {

std::shared_ptr<arrow::Schema> Abc() {
  return arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64()),
                        arrow::field("c", arrow::int64())});
}

std::vector<std::string> Texts(const Projection& projection) {
  std::vector<std::string> texts;
  for (const NamedExpr& column : Resolve(projection, *Abc()).ValueOrDie()) {
    texts.push_back(column.name + "=" + column.expr.ColumnName());
  }
  return texts;
}

using Strings = std::vector<std::string>;

TEST(ResolveTest, ListsOnlyTheExpressionsWithoutTheRest) {
  EXPECT_EQ(Texts({.exprs = {{"x", Col("b")}}}), (Strings{"x=b"}));
}

TEST(ResolveTest, ReplacesInPlaceAndAddsAtTheEnd) {
  EXPECT_EQ(Texts({.exprs = {{"n", Col("a")}, {"b", Col("c")}}, .keep_rest = true}),
            (Strings{"a=a", "b=c", "c=c", "n=a"}));
}

TEST(ResolveTest, DropsAndRenames) {
  EXPECT_EQ(Texts({.keep_rest = true, .dropped = {"a"}, .renamed = {{"b", "c"}, {"c", "b"}}}),
            (Strings{"c=b", "b=c"}));
}

TEST(ResolveTest, ReportsMissingAndDoubleColumns) {
  EXPECT_TRUE(Resolve({.keep_rest = true, .dropped = {"z"}}, *Abc()).status().IsKeyError());
  EXPECT_TRUE(Resolve({.keep_rest = true, .renamed = {{"z", "y"}}}, *Abc()).status().IsKeyError());
  EXPECT_TRUE(Resolve({.keep_rest = true, .renamed = {{"a", "b"}}}, *Abc()).status().IsInvalid());
}

}  // namespace
}  // namespace headrace::expr
