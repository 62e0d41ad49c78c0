// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_aggregate.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <optional>
#include <random>

#include "headrace/compute/gather.h"
#include "headrace/compute/hash_rows.h"
#include "headrace/compute/partition_rows.h"

namespace headrace::compute {
namespace {

using testing::HasSubstr;

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   std::string_view json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Block Table(const std::vector<std::pair<std::string, std::shared_ptr<arrow::Array>>>& columns) {
  arrow::FieldVector fields;
  arrow::ArrayVector arrays;
  for (const auto& [name, array] : columns) {
    fields.push_back(arrow::field(name, array->type()));
    arrays.push_back(array);
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(fields), arrays.front()->length(), arrays));
}

std::unique_ptr<GroupAggregator> Make(std::vector<std::string> keys,
                                      std::vector<Aggregation> specs) {
  return GroupAggregator::Make(std::move(keys), std::move(specs), arrow::default_memory_pool())
      .ValueOrDie();
}

/// Gives each row of `block` to the aggregator of its partition.
Status AddByPartition(const Block& block, const std::vector<std::string>& keys,
                      const std::vector<std::unique_ptr<GroupAggregator>>& finals) {
  std::vector<uint64_t> hashes;
  ARROW_RETURN_NOT_OK(HashRows(block, keys, &hashes));
  std::vector<int32_t> partitions;
  const auto num_partitions = static_cast<int>(finals.size());
  for (const uint64_t hash : hashes) partitions.push_back(PartitionOf(hash, num_partitions));
  const PartitionedRows rows = PartitionRows({partitions}, num_partitions);
  for (int p = 0; p < num_partitions; ++p) {
    ARROW_ASSIGN_OR_RAISE(const Block part,
                          GatherRows({block}, rows.of(p), arrow::default_memory_pool()));
    ARROW_RETURN_NOT_OK(finals[static_cast<size_t>(p)]->Add(part));
  }
  return Status::OK();
}

/// Blocks go through an aggregator whose states are merged by partition, or past it.
Result<Block> TwoHalves(const std::vector<std::string>& keys, const std::vector<Aggregation>& specs,
                        const std::vector<Block>& blocks, int num_partitions) {
  std::vector<std::unique_ptr<GroupAggregator>> finals;
  for (int p = 0; p < num_partitions; ++p) finals.push_back(Make(keys, specs));
  const auto partial = Make(keys, specs);
  bool as_rows = false;
  for (const Block& block : blocks) {
    if (!keys.empty()) as_rows = !as_rows;  // every other block goes to the second half as it is
    if (as_rows) {
      ARROW_RETURN_NOT_OK(AddByPartition(block, keys, finals));
      continue;
    }
    ARROW_RETURN_NOT_OK(partial->Add(block));
    ARROW_ASSIGN_OR_RAISE(const auto states, partial->FinishStates(num_partitions));
    EXPECT_EQ(states.size(), static_cast<size_t>(num_partitions));
    for (int p = 0; p < num_partitions; ++p) ARROW_RETURN_NOT_OK(finals[p]->Merge(states[p]));
  }
  std::vector<Block> values;
  for (const auto& one : finals) {
    ARROW_ASSIGN_OR_RAISE(Block block, one->FinishValues());
    values.push_back(std::move(block));
  }
  return ConcatBlocks(values);
}

Result<std::shared_ptr<arrow::Array>> Global(const Aggregation& spec,
                                             const std::vector<Block>& blocks) {
  ARROW_ASSIGN_OR_RAISE(const Block block, TwoHalves({}, {spec}, blocks, 1));
  EXPECT_EQ(block.num_rows(), 1);
  return block.batch()->column(0);
}

void ExpectJson(const Result<std::shared_ptr<arrow::Array>>& actual,
                const std::shared_ptr<arrow::DataType>& type, std::string_view json) {
  ASSERT_TRUE(actual.ok()) << actual.status().ToString();
  EXPECT_TRUE((*actual)->Equals(*Json(type, json), arrow::EqualOptions().nans_equal(true)))
      << (*actual)->type()->ToString() << (*actual)->ToString() << " is not " << json;
}

TEST(GroupAggregateTest, PutsKeysFirstAndGroupsInOrderOfFirstAppearance) {
  const auto aggregator = Make({"k"}, {{"sum", "x"}, {"count", "", "rows"}, {"mean", "x", "m"}});
  ASSERT_TRUE(aggregator
                  ->Add(Table({{"k", Json(arrow::utf8(), R"(["b", "a", null, "b"])")},
                               {"x", Json(arrow::int32(), "[1, 2, 3, null]")}}))
                  .ok());
  EXPECT_EQ(aggregator->num_groups(), 3);
  EXPECT_EQ(aggregator->rows_added(), 4);
  const Block values = aggregator->FinishValues().ValueOrDie();
  EXPECT_EQ(values.schema()->field_names(), (std::vector<std::string>{"k", "sum(x)", "rows", "m"}));
  ExpectJson(values.batch()->column(0), arrow::utf8(), R"(["b", "a", null])");
  ExpectJson(values.batch()->column(1), arrow::int64(), "[1, 2, 3]");
  ExpectJson(values.batch()->column(2), arrow::int64(), "[2, 1, 1]");
  ExpectJson(values.batch()->column(3), arrow::float64(), "[1, 2, 3]");
}

TEST(GroupAggregateTest, EveryFunctionOverTwoTasks) {
  const std::vector<Block> blocks = {Table({{"x", Json(arrow::int32(), "[3, null, -5, 0]")}}),
                                     Table({{"x", Json(arrow::int32(), "[]")}}),
                                     Table({{"x", Json(arrow::int32(), "[3, 2]")}})};
  const auto expect = [&](Aggregation spec, const auto& type, std::string_view json) {
    SCOPED_TRACE(spec.function);
    spec.column = "x";
    ExpectJson(Global(spec, blocks), type, json);
  };
  expect({"count"}, arrow::int64(), "[5]");
  expect({"count", "", "", false}, arrow::int64(), "[6]");
  expect({"sum"}, arrow::int64(), "[3]");
  expect({"min"}, arrow::int32(), "[-5]");
  expect({"max"}, arrow::int32(), "[3]");
  expect({"abs_max"}, arrow::int32(), "[5]");
  expect({"mean"}, arrow::float64(), "[0.6]");
  expect({"quantile", "", "", true, 1, 0.5}, arrow::float64(), "[2]");
  expect({"approx_quantile", "", "", true, 1, 0.125}, arrow::float64(), "[-2.5]");
  expect({"unique"}, arrow::list(arrow::int32()), "[[3, -5, 0, 2]]");
  expect({"unique", "", "", false}, arrow::list(arrow::int32()), "[[3, null, -5, 0, 2]]");
  expect({"count_distinct"}, arrow::int64(), "[4]");
  expect({"as_list"}, arrow::list(arrow::int32()), "[[3, -5, 0, 3, 2]]");
  expect({"as_list", "", "", false}, arrow::list(arrow::int32()), "[[3, null, -5, 0, 3, 2]]");
  expect({"value_counter"},
         arrow::struct_({arrow::field("values", arrow::list(arrow::int32())),
                         arrow::field("counts", arrow::list(arrow::int64()))}),
         R"([{"values": [3, -5, 0, 2], "counts": [2, 1, 1, 1]}])");
  expect({"approx_topk", "", "", true, 1, 2},
         arrow::list(arrow::struct_(
             {arrow::field("x", arrow::int32()), arrow::field("count", arrow::int64())})),
         R"([[{"x": 3, "count": 2}, {"x": -5, "count": 1}]])");
  expect({"missing_pct"}, arrow::float64(), "[16.666666666666668]");
  expect({"zero_pct"}, arrow::float64(), "[20]");
  expect({"first"}, arrow::int32(), "[3]");
  expect({"last"}, arrow::int32(), "[2]");
  for (const char* function : {"sum", "min", "max", "abs_max", "mean", "std", "quantile"}) {
    SCOPED_TRACE(function);
    const auto value = Global({function, "x", "", false}, blocks).ValueOrDie();
    EXPECT_EQ(value->null_count(), 1);
  }
}

TEST(GroupAggregateTest, OnlyNullsGiveNull) {
  for (const auto& type : {arrow::null(), arrow::float64(), arrow::utf8()}) {
    const std::vector<Block> blocks = {Table({{"x", Json(type, "[null, null]")}})};
    for (const char* function : {"min", "max", "first", "last"}) {
      ExpectJson(Global({function, "x"}, blocks), type, "[null]");
    }
    ExpectJson(Global({"count", "x"}, blocks), arrow::int64(), "[0]");
    ExpectJson(Global({"count_distinct", "x"}, blocks), arrow::int64(), "[0]");
    ExpectJson(Global({"unique", "x"}, blocks), arrow::list(type), "[[]]");
    ExpectJson(Global({"as_list", "x", "", false}, blocks), arrow::list(type), "[[null, null]]");
    ExpectJson(Global({"missing_pct", "x"}, blocks), arrow::float64(), "[100]");
  }
  const std::vector<Block> blocks = {Table({{"x", Json(arrow::float64(), "[null, null]")}})};
  for (const char* function : {"sum", "mean", "std", "abs_max", "quantile", "zero_pct"}) {
    ExpectJson(Global({function, "x"}, blocks), arrow::float64(), "[null]");
  }
}

TEST(GroupAggregateTest, NoRowsAreOneGlobalGroupAndNoGroupByKey) {
  const Block none = Table({{"k", Json(arrow::utf8(), "[]")}, {"x", Json(arrow::int8(), "[]")}});
  ExpectJson(Global({"count", ""}, {none}), arrow::int64(), "[0]");
  ExpectJson(Global({"sum", "x"}, {none}), arrow::int64(), "[null]");
  const Block values = TwoHalves({"k"}, {{"sum", "x"}, {"max", "x"}}, {none}, 3).ValueOrDie();
  EXPECT_EQ(values.num_rows(), 0);
  EXPECT_EQ(values.schema()->ToString(), "k: string\nsum(x): int64\nmax(x): int8");
}

TEST(GroupAggregateTest, StdFollowsDdofAndKeepsTheDigitsOfALargeMean) {
  const std::vector<Block> blocks = {Table({{"x", Json(arrow::float64(), "[1e9, 1000000002]")}}),
                                     Table({{"x", Json(arrow::float64(), "[1e9, 1000000002]")}})};
  ExpectJson(Global({"std", "x", "", true, 0}, blocks), arrow::float64(), "[1]");
  ExpectJson(Global({"std", "x", "", true, 4}, blocks), arrow::float64(), "[NaN]");
}

TEST(GroupAggregateTest, IntegerSumsFailWhenTheyOverflow) {
  const std::vector<Block> blocks = {Table({{"x", Json(arrow::int64(), "[9223372036854775807]")}}),
                                     Table({{"x", Json(arrow::int64(), "[1]")}})};
  const auto sum = Global({"sum", "x"}, blocks);
  EXPECT_TRUE(sum.status().IsInvalid());
  EXPECT_THAT(sum.status().message(), HasSubstr("sum of column 'x'"));
}

TEST(GroupAggregateTest, DecimalsTextsBooleansAndTimesKeepTheirTypes) {
  const Block block = Table({{"d", Json(arrow::decimal128(5, 2), R"(["1.50", "-2.25", null])")},
                             {"s", Json(arrow::large_utf8(), R"(["b", "abc", null])")},
                             {"b", Json(arrow::boolean(), "[true, false, null]")},
                             {"t", Json(arrow::date32(), "[7, -7, null]")},
                             {"l", Json(arrow::list(arrow::int8()), "[[1], null, [2, 3]]")}});
  ExpectJson(Global({"sum", "d"}, {block, block}), arrow::decimal128(38, 2), R"(["-1.50"])");
  ExpectJson(Global({"min", "d"}, {block}), arrow::decimal128(5, 2), R"(["-2.25"])");
  ExpectJson(Global({"abs_max", "d"}, {block}), arrow::decimal128(5, 2), R"(["2.25"])");
  ExpectJson(Global({"mean", "d"}, {block}), arrow::float64(), "[-0.375]");
  ExpectJson(Global({"min", "s"}, {block, block}), arrow::large_utf8(), R"(["abc"])");
  ExpectJson(Global({"max", "s"}, {block}), arrow::large_utf8(), R"(["b"])");
  ExpectJson(Global({"max", "b"}, {block}), arrow::boolean(), "[true]");
  ExpectJson(Global({"sum", "b"}, {block, block}), arrow::int64(), "[2]");
  ExpectJson(Global({"min", "t"}, {block}), arrow::date32(), "[-7]");
  ExpectJson(Global({"last", "l"}, {block, block}), arrow::list(arrow::int8()), "[[2, 3]]");
  ExpectJson(Global({"as_list", "l"}, {block}), arrow::list(arrow::list(arrow::int8())),
             "[[[1], [2, 3]]]");
}

TEST(GroupAggregateTest, NanIsAValueButNoExtreme) {
  const Block block = Table({{"x", Json(arrow::float64(), "[NaN, 2, NaN, 1]")}});
  ExpectJson(Global({"min", "x"}, {block}), arrow::float64(), "[1]");
  ExpectJson(Global({"max", "x"}, {block}), arrow::float64(), "[2]");
  ExpectJson(Global({"max", "x"}, {block.Slice(0, 1)}), arrow::float64(), "[NaN]");
  ExpectJson(Global({"sum", "x"}, {block}), arrow::float64(), "[NaN]");
  ExpectJson(Global({"missing_pct", "x"}, {block}), arrow::float64(), "[50]");
  ExpectJson(Global({"count_distinct", "x"}, {block, block}), arrow::int64(), "[3]");
}

TEST(GroupAggregateTest, TypesThatDifferBetweenBlocksWiden) {
  const std::vector<Block> blocks = {
      Table({{"k", Json(arrow::null(), "[null]")}, {"x", Json(arrow::null(), "[null]")}}),
      Table({{"k", Json(arrow::int8(), "[1]")}, {"x", Json(arrow::int8(), "[4]")}}),
      Table({{"k", Json(arrow::int64(), "[1]")}, {"x", Json(arrow::float64(), "[0.5]")}})};
  const Block values =
      TwoHalves({"k"}, {{"sum", "x"}, {"max", "x"}, {"unique", "x"}}, blocks, 1).ValueOrDie();
  ExpectJson(values.batch()->column(0), arrow::int64(), "[null, 1]");
  ExpectJson(values.batch()->column(1), arrow::float64(), "[null, 4.5]");
  ExpectJson(values.batch()->column(2), arrow::float64(), "[null, 4]");
  ExpectJson(values.batch()->column(3), arrow::list(arrow::float64()), "[[], [4, 0.5]]");
  const auto one = Make({"k"}, {{"sum", "x"}});
  for (const Block& block : blocks) ASSERT_TRUE(one->Add(block).ok());
  ExpectJson(one->FinishValues().ValueOrDie().batch()->column(1), arrow::float64(), "[null, 4.5]");
}

TEST(GroupAggregateTest, ErrorsNameAggregateColumnAndType) {
  const Block block = Table({{"s", Json(arrow::utf8(), R"(["a"])")}});
  for (const char* function : {"sum", "mean", "std", "quantile", "abs_max", "zero_pct"}) {
    const Status status = Make({}, {{function, "s"}})->Add(block);
    EXPECT_TRUE(status.IsTypeError()) << function;
    EXPECT_THAT(status.message(),
                HasSubstr(std::string(function) + " of column 's' of type string"));
  }
  EXPECT_TRUE(Make({"s"}, {{"sum", "y"}})->Add(block).IsKeyError());
  const auto make = [](const Aggregation& spec) {
    return GroupAggregator::Make({}, {spec}, arrow::default_memory_pool()).status();
  };
  EXPECT_TRUE(make({"median", "x"}).IsInvalid());
  EXPECT_TRUE(make({"sum", ""}).IsInvalid());
  EXPECT_TRUE(make({"quantile", "x", "", true, 1, 1.5}).IsInvalid());
  EXPECT_TRUE(make({"approx_topk", "x"}).IsInvalid());
}

TEST(GroupAggregateTest, StatesOfAKeyAreInThePartitionOfItsHash) {
  const auto aggregator = Make({"k"}, {{"count", ""}});
  arrow::Int64Builder builder;
  for (int64_t i = 0; i < 1000; ++i) ASSERT_TRUE(builder.Append(i % 100).ok());
  ASSERT_TRUE(aggregator->Add(Table({{"k", builder.Finish().ValueOrDie()}})).ok());
  const auto states = aggregator->FinishStates(4).ValueOrDie();
  EXPECT_EQ(aggregator->num_groups(), 0);
  EXPECT_EQ(aggregator->rows_added(), 0);
  int64_t rows = 0;
  for (int p = 0; p < 4; ++p) {
    std::vector<uint64_t> hashes;
    const std::vector<std::string> key = {"k"};
    ASSERT_TRUE(HashRows(states[p], key, &hashes).ok());
    for (const uint64_t hash : hashes) EXPECT_EQ(PartitionOf(hash, 4), p);
    rows += states[p].num_rows();
  }
  EXPECT_EQ(rows, 100);
}

// --- random data against a map of rows ---

using Key = std::pair<std::string, std::string>;
using Rows = std::vector<std::optional<double>>;

struct RandomRows {
  std::vector<Block> blocks;
  std::map<Key, Rows> by_key;
};

RandomRows MakeRandomRows(uint64_t seed, bool dictionary) {
  std::mt19937_64 random(seed);
  RandomRows out;
  for (int block = 0; block < 5; ++block) {
    arrow::StringBuilder text;
    arrow::DoubleBuilder number;
    arrow::DoubleBuilder value;
    const auto num_rows = static_cast<int>(random() % 3000);
    for (int row = 0; row < num_rows; ++row) {
      // Skewed: a third of the rows share one key.
      const uint64_t t = random() % 3 == 0 ? 1 : random() % 40;
      const uint64_t n = random() % 3 == 0 ? 1 : random() % 7;
      const std::string a = t == 0 ? "null" : std::string(t, 'k');
      EXPECT_TRUE((t == 0 ? text.AppendNull() : text.Append(a)).ok());
      const double d = n == 2 ? NAN : n == 3 && random() % 2 == 0 ? -0.0 : n == 3 ? 0.0 : 1.5 * n;
      EXPECT_TRUE((n == 0 ? number.AppendNull() : number.Append(d)).ok());
      const std::string b = n == 0 ? "null" : std::to_string(n);
      std::optional<double> v;
      if (random() % 5 != 0) v = static_cast<double>(random() % 50) - 25;
      EXPECT_TRUE((v ? value.Append(*v) : value.AppendNull()).ok());
      out.by_key[{a, b}].push_back(v);
    }
    auto texts = text.Finish().ValueOrDie();
    if (dictionary) {
      texts = arrow::compute::Cast(*texts, arrow::dictionary(arrow::int32(), arrow::utf8()))
                  .ValueOrDie();
    }
    out.blocks.push_back(Table(
        {{"a", texts}, {"b", number.Finish().ValueOrDie()}, {"v", value.Finish().ValueOrDie()}}));
  }
  return out;
}

std::string NameOfNumber(const arrow::Array& numbers, int64_t row) {
  if (numbers.IsNull(row)) return "null";
  const double d = static_cast<const arrow::DoubleArray&>(numbers).Value(row);
  return std::isnan(d) ? "2" : d == 0 ? "3" : std::to_string(static_cast<int>(d / 1.5));
}

/// NAN where the value is null.
double Expected(const std::string& function, const Rows& rows, bool ignore_nulls) {
  std::vector<double> values;
  for (const auto& row : rows) {
    if (row) values.push_back(*row);
  }
  const auto n = static_cast<double>(values.size());
  if (function == "count") return ignore_nulls ? n : static_cast<double>(rows.size());
  if (values.empty() || (!ignore_nulls && values.size() < rows.size())) return NAN;
  double sum = 0;
  for (const double v : values) sum += v;
  if (function == "sum") return sum;
  if (function == "mean") return sum / n;
  if (function == "std") {
    double m2 = 0;
    for (const double v : values) m2 += (v - sum / n) * (v - sum / n);
    return std::sqrt(m2 / (n - 1));
  }
  if (function == "first") return values.front();
  if (function == "last") return values.back();
  std::sort(values.begin(), values.end());
  if (function == "min") return values.front();
  if (function == "max") return values.back();
  if (function == "abs_max") return std::max(-values.front(), values.back());
  if (function == "quantile") {
    const double at = 0.3 * (n - 1);
    const auto low = static_cast<size_t>(at);
    const double high = values[std::min(low + 1, values.size() - 1)];
    return values[low] + (high - values[low]) * (at - static_cast<double>(low));
  }
  return static_cast<double>(std::unique(values.begin(), values.end()) - values.begin());
}

TEST(GroupAggregateTest, AgreesWithAMapOfRowsOverRandomData) {
  for (uint64_t seed = 0; seed < 12; ++seed) {
    SCOPED_TRACE(seed);
    const RandomRows random = MakeRandomRows(seed, seed % 2 == 0);
    const bool ignore_nulls = seed % 3 != 0;
    std::vector<Aggregation> specs;
    for (const char* function :
         {"count", "sum", "min", "max", "mean", "std", "abs_max", "quantile"}) {
      specs.push_back({function, "v", function, ignore_nulls, 1, 0.3});
    }
    for (const char* function : {"first", "last", "count_distinct"}) {
      specs.push_back({function, "v", function, true});
    }
    const Block values =
        TwoHalves({"a", "b"}, specs, random.blocks, 1 + static_cast<int>(seed % 4)).ValueOrDie();
    ASSERT_EQ(values.num_rows(), static_cast<int64_t>(random.by_key.size()));
    const auto numbers = values.batch()->column(1);
    for (int64_t row = 0; row < values.num_rows(); ++row) {
      const Key key = {values.batch()->column(0)->GetScalar(row).ValueOrDie()->ToString(),
                       NameOfNumber(*numbers, row)};
      ASSERT_TRUE(random.by_key.contains(key)) << key.first << " " << key.second;
      for (const Aggregation& spec : specs) {
        const double expected = Expected(spec.function, random.by_key.at(key), spec.ignore_nulls);
        const auto column = values.batch()->GetColumnByName(spec.name);
        if (std::isnan(expected) && spec.function == "count_distinct") continue;
        if (std::isnan(expected) && spec.function != "std") {
          EXPECT_TRUE(column->IsNull(row)) << spec.function;
          continue;
        }
        if (std::isnan(expected)) continue;  // null or NaN, by the number of values
        const auto scalar = column->GetScalar(row).ValueOrDie()->CastTo(arrow::float64());
        ASSERT_NEAR(static_cast<const arrow::DoubleScalar&>(**scalar).value, expected, 1e-9)
            << spec.function << " of " << key.first << " " << key.second;
      }
    }
  }
}

}  // namespace
}  // namespace headrace::compute
