// SPDX-License-Identifier: Apache-2.0
#include "headrace/expressions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::ElementsAre;

TEST(ExprTest, PrintsAsARayUserWritesIt) {
  EXPECT_EQ((Col("id") > Lit(3)).ToString(), "col('id') > 3");
  EXPECT_EQ((Col("a") > Lit(3) && Col("b") == Lit("x")).ToString(),
            "(col('a') > 3) & (col('b') == 'x')");
  EXPECT_EQ((!(Col("a") == Lit(true)) || Col("b") / Lit(2.0) < Lit(0.5)).ToString(),
            "~(col('a') == True) | ((col('b') / 2.0) < 0.5)");
  EXPECT_EQ(Call("is_null", {Col("a")}).ToString(), "col('a').is_null()");
  EXPECT_EQ(Expr().ToString(), "");
}

TEST(ExprTest, CutsLongLiterals) {
  EXPECT_EQ(Lit("a text of many letters").ToString(), "'a text of many l...");
}

TEST(ExprTest, NamesEachColumnOnceInOrderOfAppearance) {
  const Expr expr = Col("b") + Col("a") * Col("b");
  EXPECT_THAT(expr.Columns(), ElementsAre("b", "a"));
  EXPECT_EQ(Col("b").ColumnName(), "b");
  EXPECT_EQ(expr.ColumnName(), "");
}

TEST(ExprTest, ComesBackFromItsBytes) {
  const Expr expr = (Col("a") > Lit(3) && Col("b") == Lit("x")) || Call("is_null", {Col("c")});
  const std::string bytes = expr.Serialize().ValueOrDie();
  const Expr back = Expr::Deserialize(bytes).ValueOrDie();
  EXPECT_TRUE(back.arrow().Equals(expr.arrow())) << back.ToString();
}

TEST(ExprTest, RefusesBytesThatAreNoExpression) {
  EXPECT_FALSE(Expr::Deserialize("nonsense").ok());
  EXPECT_FALSE(Expr().Serialize().ok());
}

}  // namespace
}  // namespace headrace
