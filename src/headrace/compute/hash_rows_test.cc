// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/hash_rows.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/cast.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "headrace/testkit/blocks.h"

namespace headrace::compute {
namespace {

using testing::HasSubstr;
using Hashes = std::vector<uint64_t>;

Block Column(std::shared_ptr<arrow::Array> array) {
  const int64_t rows = array->length();
  auto schema = arrow::schema({arrow::field("x", array->type())});
  return Block(arrow::RecordBatch::Make(std::move(schema), rows, {std::move(array)}));
}

Block Column(const std::shared_ptr<arrow::DataType>& type, std::string_view json) {
  return Column(arrow::json::ArrayFromJSONString(type, json).ValueOrDie());
}

Hashes Hash(const Block& block) {
  Hashes hashes;
  const std::vector<std::string> keys = {"x"};
  const Status status = HashRows(block, keys, &hashes);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return hashes;
}

TEST(HashRowsTest, EqualKeysHaveEqualHashesInEveryRepresentation) {
  const std::string_view texts = R"(["a", null, "", "longer than sixteen bytes", "a"])";
  const Hashes hashes = Hash(Column(arrow::utf8(), texts));
  EXPECT_EQ(Hash(Column(arrow::large_utf8(), texts)), hashes);
  EXPECT_EQ(Hash(Column(arrow::dictionary(arrow::int8(), arrow::utf8()), texts)), hashes);
  EXPECT_EQ(hashes[0], hashes[4]);
  EXPECT_EQ(std::set<uint64_t>(hashes.begin(), hashes.end()).size(), 4);

  const std::string_view numbers = "[-3, 0, 7, null]";
  const Hashes of_int64 = Hash(Column(arrow::int64(), numbers));
  EXPECT_EQ(Hash(Column(arrow::int8(), numbers)), of_int64);
  EXPECT_EQ(Hash(Column(arrow::dictionary(arrow::int32(), arrow::int16()), numbers)), of_int64);
  EXPECT_EQ(Hash(Column(arrow::float32(), numbers)), Hash(Column(arrow::float64(), numbers)));
  EXPECT_EQ(Hash(Column(arrow::float64(), numbers)), of_int64);
  const std::string_view decimals = R"(["-3.50", "0.00", "7.25", null])";
  EXPECT_EQ(Hash(Column(arrow::decimal128(9, 2), decimals)),
            Hash(Column(arrow::decimal256(40, 2), decimals)));
}

TEST(HashRowsTest, ASliceHashesAsItsRowsDo) {
  for (const auto& type : {arrow::utf8(), arrow::boolean(), arrow::decimal128(9, 0)}) {
    const auto text = type->id() == arrow::Type::BOOL ? R"([true, null, false, true])"
                                                      : R"(["1", null, "22", "333"])";
    const Block whole = Column(type, text);
    const Hashes hashes = Hash(whole);
    EXPECT_EQ(Hash(whole.Slice(1, 3)), Hashes(hashes.begin() + 1, hashes.end()))
        << type->ToString();
  }
}

TEST(HashRowsTest, NanEqualsNanAndMinusZeroEqualsZero) {
  arrow::DoubleBuilder builder;
  const double nan = std::nan("");
  for (const double value : {nan, -nan, std::nan("7"), 0.0, -0.0}) {
    ASSERT_TRUE(builder.Append(value).ok());
  }
  const Hashes hashes = Hash(Column(builder.Finish().ValueOrDie()));
  EXPECT_EQ(hashes[0], hashes[1]);
  EXPECT_EQ(hashes[0], hashes[2]);
  EXPECT_EQ(hashes[3], hashes[4]);
  EXPECT_NE(hashes[0], hashes[3]);
}

TEST(HashRowsTest, NamesTheColumnThatCannotBeAKey) {
  Hashes hashes;
  const Block lists = Column(arrow::list(arrow::int8()), "[[1]]");
  const std::vector<std::string> x = {"x"};
  const Status nested = HashRows(lists, x, &hashes);
  EXPECT_TRUE(nested.IsTypeError());
  EXPECT_THAT(nested.message(), HasSubstr("'x' of type list<item: int8>"));
  const std::vector<std::string> y = {"y"};
  const Status missing = HashRows(lists, y, &hashes);
  EXPECT_TRUE(missing.IsKeyError());
  EXPECT_THAT(missing.message(), HasSubstr("'y'"));
  EXPECT_THAT(missing.message(), HasSubstr("there are: 'x'"));
}

TEST(HashRowsTest, SpreadsConsecutiveNumbersEvenlyByHighAndLowBits) {
  Hashes hashes;
  const std::vector<std::string> id = {"id"};
  ASSERT_TRUE(HashRows(testkit::IotaBlock(64000), id, &hashes).ok());
  std::vector<int> high(64);
  std::vector<int> low(64);
  for (const uint64_t hash : hashes) {
    ++high[PartitionOf(hash, 64)];
    ++low[hash % 64];
  }
  // 1000 expected, standard deviation 31.
  EXPECT_THAT(high, testing::Each(testing::AllOf(testing::Gt(850), testing::Lt(1150))));
  EXPECT_THAT(low, testing::Each(testing::AllOf(testing::Gt(850), testing::Lt(1150))));
  EXPECT_EQ(std::set<uint64_t>(hashes.begin(), hashes.end()).size(), hashes.size());
}

TEST(HashRowsTest, TheOrderOfColumnsMatters) {
  const auto a = arrow::json::ArrayFromJSONString(arrow::int8(), "[1, 2]").ValueOrDie();
  const auto b = arrow::json::ArrayFromJSONString(arrow::int8(), "[2, 1]").ValueOrDie();
  const Block block(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a", a->type()), arrow::field("b", b->type())}), 2, {a, b}));
  Hashes hashes;
  const std::vector<std::string> keys = {"a", "b"};
  ASSERT_TRUE(HashRows(block, keys, &hashes).ok());
  EXPECT_NE(hashes[0], hashes[1]);
}

}  // namespace
}  // namespace headrace::compute
