// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/aggregate.h"

#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace headrace::compute {
namespace {

using testing::HasSubstr;

Block Column(const std::shared_ptr<arrow::DataType>& type, std::string_view json) {
  auto array = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  const int64_t rows = array->length();
  return Block(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("x", type)}), rows, {std::move(array)}));
}

// Each block is one task's input.
Result<std::vector<std::shared_ptr<arrow::Scalar>>> Aggregate(
    const std::vector<AggregateSpec>& specs, const std::vector<Block>& blocks) {
  std::vector<Block> partials;
  for (const Block& block : blocks) {
    ARROW_ASSIGN_OR_RAISE(auto aggregator, PartialAggregator::Make(specs));
    ARROW_RETURN_NOT_OK(aggregator->Add(block));
    ARROW_ASSIGN_OR_RAISE(Block partial, aggregator->Finish());
    partials.push_back(std::move(partial));
  }
  return MergePartials(specs, partials);
}

std::vector<AggregateSpec> All(bool ignore_nulls = true) {
  std::vector<AggregateSpec> specs;
  for (const char* function : {"sum", "min", "max", "mean", "std", "count"}) {
    specs.push_back({function, "x", ignore_nulls, 1});
  }
  return specs;
}

TEST(AggregateTest, MergesIntegersOfSeveralTasks) {
  const auto values =
      Aggregate(All(), {Column(arrow::int64(), "[1, 2]"), Column(arrow::int64(), "[]"),
                        Column(arrow::int64(), "[3, null, 4]")})
          .ValueOrDie();
  EXPECT_TRUE(values[0]->Equals(*arrow::MakeScalar(int64_t{10})));
  EXPECT_TRUE(values[1]->Equals(*arrow::MakeScalar(int64_t{1})));
  EXPECT_TRUE(values[2]->Equals(*arrow::MakeScalar(int64_t{4})));
  EXPECT_TRUE(values[3]->Equals(*arrow::MakeScalar(2.5)));
  EXPECT_NEAR(static_cast<const arrow::DoubleScalar&>(*values[4]).value, std::sqrt(5.0 / 3), 1e-12);
  EXPECT_TRUE(values[5]->Equals(*arrow::MakeScalar(int64_t{4})));
}

TEST(AggregateTest, KeepsTheDigitsOfALargeMeanWithASmallSpread) {
  const auto values =
      Aggregate({{"std", "x", true, 0}}, {Column(arrow::float64(), "[1e9, 1000000002]"),
                                          Column(arrow::float64(), "[1e9, 1000000002]")})
          .ValueOrDie();
  EXPECT_DOUBLE_EQ(static_cast<const arrow::DoubleScalar&>(*values[0]).value, 1.0);
}

TEST(AggregateTest, GivesNullForANullThatIsNotIgnored) {
  const auto values = Aggregate(All(/*ignore_nulls=*/false), {Column(arrow::int64(), "[1, null]"),
                                                              Column(arrow::int64(), "[3]")})
                          .ValueOrDie();
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(values[i]->is_valid) << i;
  EXPECT_TRUE(values[5]->Equals(*arrow::MakeScalar(int64_t{3})));
}

TEST(AggregateTest, GivesNullAndCountZeroWithoutRows) {
  for (const auto& blocks :
       {std::vector<Block>{}, {Column(arrow::int64(), "[]")}, {Column(arrow::int64(), "[null]")}}) {
    const auto values = Aggregate(All(), blocks).ValueOrDie();
    for (int i = 0; i < 5; ++i) EXPECT_FALSE(values[i]->is_valid) << i;
    EXPECT_TRUE(values[5]->Equals(*arrow::MakeScalar(int64_t{0})));
  }
}

TEST(AggregateTest, OrdersStrings) {
  const auto values =
      Aggregate({{"min", "x"}, {"max", "x"}},
                {Column(arrow::utf8(), R"(["m", "b"])"), Column(arrow::utf8(), R"([null, "z"])")})
          .ValueOrDie();
  EXPECT_EQ(values[0]->ToString(), "b");
  EXPECT_EQ(values[1]->ToString(), "z");
}

TEST(AggregateTest, AddsDecimalsExactly) {
  const auto type = arrow::decimal128(10, 2);
  const auto values =
      Aggregate({{"sum", "x"}}, {Column(type, R"(["1.10"])"), Column(type, R"(["2.25"])")})
          .ValueOrDie();
  EXPECT_EQ(values[0]->ToString(), "3.35");
}

TEST(AggregateTest, CountsRowsWithoutAColumn) {
  const auto values =
      Aggregate({{"count", ""}}, {Column(arrow::int64(), "[1, null]")}).ValueOrDie();
  EXPECT_TRUE(values[0]->Equals(*arrow::MakeScalar(int64_t{2})));
}

TEST(AggregateTest, RefusesToWrapAround) {
  const std::string max = std::to_string(std::numeric_limits<int64_t>::max());
  EXPECT_TRUE(
      Aggregate({{"sum", "x"}}, {Column(arrow::int64(), "[" + max + ", 1]")}).status().IsInvalid());
  EXPECT_TRUE(Aggregate({{"sum", "x"}},
                        {Column(arrow::int64(), "[" + max + "]"), Column(arrow::int64(), "[1]")})
                  .status()
                  .IsInvalid());
}

TEST(AggregateTest, NamesWhatDoesNotFit) {
  const Status text = Aggregate({{"sum", "x"}}, {Column(arrow::utf8(), R"(["a"])")}).status();
  EXPECT_TRUE(text.IsTypeError()) << text.ToString();
  EXPECT_THAT(text.message(), HasSubstr("'x'"));
  EXPECT_TRUE(Aggregate({{"sum", "y"}}, {Column(arrow::int64(), "[1]")}).status().IsKeyError());
  EXPECT_TRUE(Aggregate({{"median", "x"}}, {}).status().IsInvalid());
}

}  // namespace
}  // namespace headrace::compute
