// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/evaluate.h"

#include <arrow/array/array_dict.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/expr/bound_expr.h"

namespace headrace::expr {
namespace {

using testing::HasSubstr;

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   std::string_view json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Block MakeBlock(const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(fields), arrays.front()->length(), arrays));
}

std::shared_ptr<arrow::Array> Flags() {
  return arrow::DictionaryArray::FromArrays(arrow::dictionary(arrow::int8(), arrow::utf8()),
                                            Json(arrow::int8(), "[0, 1, null, 0]"),
                                            Json(arrow::utf8(), R"(["N", "R"])"))
      .ValueOrDie();
}

Block Rows() {
  return MakeBlock({{"a", Json(arrow::int32(), "[1, 2, null, 4]")},
                    {"b", Json(arrow::float64(), "[0.5, 1.5, 2.5, 3.5]")},
                    {"s", Json(arrow::utf8(), R"(["x", "y", "z", null])")},
                    {"flag", Flags()}});
}

void ExpectValues(const Expr& expr, const std::shared_ptr<arrow::DataType>& type,
                  std::string_view json) {
  const auto value = Evaluate(expr, Rows(), arrow::default_memory_pool());
  ASSERT_TRUE(value.ok()) << value.status().ToString();
  EXPECT_TRUE((*value)->Equals(*Json(type, json)))
      << expr.ToString() << " gave " << (*value)->ToString();
}

TEST(EvaluateTest, ComputesOverColumns) {
  ExpectValues(Col("a") + Lit(1), arrow::int64(), "[2, 3, null, 5]");
  ExpectValues(Col("b") * (Lit(1) - Col("b")), arrow::float64(), "[0.25, -0.75, -3.75, -8.75]");
  ExpectValues(Lit(7), arrow::int64(), "[7, 7, 7, 7]");
}

TEST(EvaluateTest, DividesIntegersAsDoubles) {
  ExpectValues(Col("a") / Lit(2), arrow::float64(), "[0.5, 1.0, null, 2.0]");
  ExpectValues(Call("floor", {Col("a") / Lit(2)}), arrow::int64(), "[0, 1, null, 2]");
}

TEST(EvaluateTest, ComputesInDoublesWhereIntegersMeetFloats) {
  const Block block = MakeBlock({{"big", Json(arrow::int64(), "[16777217, 3]")},
                                 {"half", Json(arrow::float32(), "[0.5, 2.5]")}});
  const auto expect = [&](const Expr& expr, const std::shared_ptr<arrow::DataType>& type,
                          std::string_view json) {
    const auto value = Evaluate(expr, block, arrow::default_memory_pool());
    ASSERT_TRUE(value.ok()) << value.status().ToString();
    EXPECT_TRUE((*value)->Equals(*Json(type, json))) << expr.ToString();
  };
  expect(Col("big") * Lit(0.5), arrow::float64(), "[8388608.5, 1.5]");
  expect(Col("big") > Lit(16777216.5), arrow::boolean(), "[true, false]");
  expect(Col("big") + Col("half"), arrow::float64(), "[16777217.5, 5.5]");
  expect(Col("half") + Lit(0.1), arrow::float64(), "[0.6, 2.6]");
  expect(Call("floor", {Col("big") / Lit(2.0)}), arrow::float64(), "[8388608.0, 1.0]");
}

TEST(EvaluateTest, TakesAColumnWithoutTypeForMissingValuesOfTheTypeItNeeds) {
  const Block block = MakeBlock({{"none", Json(arrow::null(), "[null, null]")},
                                 {"b", Json(arrow::boolean(), "[true, false]")}});
  const auto count = [&](const Expr& expr) {
    const auto value = Evaluate(expr, block, arrow::default_memory_pool());
    return value.ok() ? (*value)->null_count() : -1;
  };
  EXPECT_EQ(count(Col("none") + Lit("!")), 2);
  EXPECT_EQ(count(!Col("none")), 2);
  EXPECT_EQ(count(Col("none") && Col("b")), 1);
  EXPECT_EQ(count(Call("utf8_upper", {Col("none")})), 2);
  EXPECT_EQ(count(Col("none") + Lit(1)), 2);
}

TEST(EvaluateTest, AddsStringsByJoiningThem) {
  ExpectValues(Col("s") + Lit("!"), arrow::utf8(), R"(["x!", "y!", "z!", null])");
}

TEST(EvaluateTest, UsesKleeneLogic) {
  ExpectValues(Col("a") > Lit(1) && Col("b") > Lit(3.0), arrow::boolean(),
               "[false, false, false, true]");
  ExpectValues(Col("a") > Lit(1) || Col("b") > Lit(2.0), arrow::boolean(),
               "[false, true, true, true]");
}

TEST(EvaluateTest, ComparesDictionaryColumnsOnTheirValues) {
  ExpectValues(Col("flag") == Lit("N"), arrow::boolean(), "[true, false, null, true]");
  ExpectValues(Call("is_null", {Col("flag")}), arrow::boolean(), "[false, false, true, false]");
  ExpectValues(Col("flag") == Lit("N") && Col("a") > Lit(1), arrow::boolean(),
               "[false, false, null, true]");
  ExpectValues(Col("flag") + Lit("-") + Col("s"), arrow::utf8(), R"(["N-x", "R-y", null, null])");
}

TEST(EvaluateTest, ComparesDictionariesThatAreLargerThanTheBlock) {
  const Block row = Rows().Slice(1, 1);
  const auto value = Evaluate(Col("flag") == Lit("R"), row, arrow::default_memory_pool());
  ASSERT_TRUE(value.ok()) << value.status().ToString();
  EXPECT_TRUE((*value)->Equals(*Json(arrow::boolean(), "[true]")));
}

TEST(EvaluateTest, NamesTheMissingColumnAndThoseThereAre) {
  const Status status =
      Evaluate(Col("nope") > Lit(1), Rows(), arrow::default_memory_pool()).status();
  EXPECT_TRUE(status.IsKeyError());
  EXPECT_THAT(status.message(), HasSubstr("'nope'"));
  EXPECT_THAT(status.message(), HasSubstr("'a', 'b', 's', 'flag'"));
}

TEST(EvaluateTest, NamesTheExpressionWhoseTypesDoNotFit) {
  const Status status =
      Evaluate(Col("a") * Col("s"), Rows(), arrow::default_memory_pool()).status();
  EXPECT_TRUE(status.IsTypeError()) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr("col('a') * col('s')"));
}

TEST(FilterTest, DropsRowsThatAreFalseOrNull) {
  const Block kept = Filter(Col("a") > Lit(1), Rows(), arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(kept.num_rows(), 2);
  EXPECT_TRUE(kept.batch()->column(1)->Equals(*Json(arrow::float64(), "[1.5, 3.5]")));
  EXPECT_EQ(kept.batch()->column(3)->type_id(), arrow::Type::DICTIONARY);
}

TEST(FilterTest, GivesTheBlockItselfWhenAllRowsPass) {
  const Block rows = Rows();
  const Block kept = Filter(Col("b") > Lit(0), rows, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(kept.batch(), rows.batch());
}

TEST(FilterTest, KeepsTheSchemaWhenNoRowPasses) {
  const Block kept = Filter(Lit(false), Rows(), arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(kept.num_rows(), 0);
  EXPECT_EQ(kept.num_columns(), 4);
}

TEST(FilterTest, RefusesAnExpressionThatIsNotBoolean) {
  EXPECT_TRUE(
      Filter(Col("a") + Lit(1), Rows(), arrow::default_memory_pool()).status().IsTypeError());
}

TEST(ProjectTest, SharesPlainColumns) {
  const Block rows = Rows();
  const Block out =
      Project({{"n", Col("a")}, {"c", Lit("k")}}, rows, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_EQ(out.batch()->column_data(0)->buffers[1], rows.batch()->column_data(0)->buffers[1]);
  EXPECT_TRUE(out.batch()->column(1)->Equals(*Json(arrow::utf8(), R"(["k", "k", "k", "k"])")));
  EXPECT_EQ(out.schema()->field(0)->name(), "n");
}

TEST(ProjectTest, KeepsTheRowCountWithoutColumns) {
  EXPECT_EQ(Project({}, Rows(), arrow::default_memory_pool())->num_rows(), 4);
}

TEST(TypeOfTest, TellsTheTypeWithoutRows) {
  EXPECT_TRUE(TypeOf(Col("a") / Lit(2), *Rows().schema()).ValueOrDie()->Equals(arrow::float64()));
  EXPECT_EQ(TypeOf(Col("flag"), *Rows().schema()).ValueOrDie()->id(), arrow::Type::DICTIONARY);
}

TEST(ConjunctionTest, SplitsAndJoins) {
  const Expr predicate = Col("a") > Lit(1) && (Col("b") > Lit(2) && Col("c") > Lit(3));
  const std::vector<Expr> conjuncts = SplitConjunction(predicate);
  ASSERT_EQ(conjuncts.size(), 3U);
  EXPECT_EQ(conjuncts[2].ToString(), "col('c') > 3");
  EXPECT_EQ(JoinConjunction({conjuncts[0]}).ToString(), "col('a') > 1");
  EXPECT_FALSE(JoinConjunction({}).valid());
}

TEST(SubstituteTest, ReplacesNamedColumnsOnly) {
  const Expr out = Substitute(Col("x") + Col("y"), {{"x", Col("a") * Lit(2)}});
  EXPECT_EQ(out.ToString(), "(col('a') * 2) + col('y')");
}

TEST(CanMatchTest, RulesOutRowsBeyondTheStatistics) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())});
  const Expr between = Lit(10) <= Col("a") && Col("a") <= Lit(20);
  const Expr guarantee = Col("a") >= Lit(10) && Col("a") <= Lit(20);
  EXPECT_FALSE(CanMatch(Col("a") > Lit(20), *schema, guarantee));
  EXPECT_FALSE(CanMatch(Col("a") == Lit(5), *schema, guarantee));
  EXPECT_FALSE(CanMatch(Col("a") < Lit(10) && Col("a") > Lit(0), *schema, guarantee));
  EXPECT_TRUE(CanMatch(Col("a") > Lit(15), *schema, guarantee));
  EXPECT_TRUE(CanMatch(Col("a") > Lit(15), *schema, Expr()));
  EXPECT_TRUE(CanMatch(Col("a") > Lit(15), *schema, between));
  EXPECT_TRUE(CanMatch(Col("a") > Lit(15.5), *schema, guarantee));
  EXPECT_FALSE(CanMatch(Col("a") > Lit(20.5), *schema, guarantee));
}

}  // namespace
}  // namespace headrace::expr
