// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/sort_key.h"

#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/block/tensor.h"
#include "headrace/compute/random_blocks.h"

namespace headrace::compute {
namespace {

using ::testing::HasSubstr;

Block JsonBlock(const arrow::FieldVector& fields, const std::vector<std::string>& columns) {
  arrow::ArrayVector arrays;
  for (size_t i = 0; i < fields.size(); ++i) {
    arrays.push_back(arrow::json::ArrayFromJSONString(fields[i]->type(), columns[i]).ValueOrDie());
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(fields), arrays[0]->length(), arrays));
}

Block Column(const std::shared_ptr<arrow::DataType>& type, const std::string& json) {
  return JsonBlock({arrow::field("x", type)}, {json});
}

SortKeys KeysOf(const Block& block, const std::vector<SortColumn>& keys) {
  auto made = SortKeys::Make(block, keys, arrow::default_memory_pool());
  EXPECT_TRUE(made.ok()) << made.status().ToString();
  return std::move(made).ValueOrDie();
}

std::vector<std::string> BytesOf(const Block& block, bool descending = false) {
  const SortKeys keys = KeysOf(block, {{"x", descending}});
  std::vector<std::string> bytes;
  for (int64_t i = 0; i < keys.num_rows(); ++i) bytes.push_back(keys.Bytes(i));
  return bytes;
}

int Sign(int number) { return (number > 0) - (number < 0); }

/// Values in the order that is wanted: each key is smaller than the next in both forms.
void ExpectIncreasing(const Block& block, bool descending) {
  const SortKeys keys = KeysOf(block, {{"x", descending}});
  for (int64_t i = 1; i < keys.num_rows(); ++i) {
    EXPECT_LT(keys.Bytes(i - 1), keys.Bytes(i)) << block.schema()->ToString() << " row " << i;
    EXPECT_LT(keys.Compare(i - 1, i), 0);
    EXPECT_LE(keys.prefix(i - 1), keys.prefix(i));
  }
}

TEST(SortKeysTest, NaNAndThenNullComeLastInBothDirections) {
  ExpectIncreasing(Column(arrow::float64(), "[-Inf, -2.5, -0.0, 1e-300, 7, Inf, NaN, null]"),
                   false);
  ExpectIncreasing(Column(arrow::float64(), "[Inf, 7, 1e-300, 0.0, -2.5, -Inf, NaN, null]"), true);
  ExpectIncreasing(Column(arrow::int8(), "[-128, -1, 0, 127, null]"), false);
  ExpectIncreasing(Column(arrow::int8(), "[127, 0, -1, -128, null]"), true);
  ExpectIncreasing(Column(arrow::boolean(), "[false, true, null]"), false);
  ExpectIncreasing(Column(arrow::boolean(), "[true, false, null]"), true);
}

TEST(SortKeysTest, IntegersThatFillAll64BitsBesideANull) {
  const char* up = "[-9223372036854775808, -1, 0, 9223372036854775806, 9223372036854775807, null]";
  const char* down = "[9223372036854775807, 9223372036854775806, 0, -9223372036854775808, null]";
  ExpectIncreasing(Column(arrow::int64(), up), false);
  ExpectIncreasing(Column(arrow::int64(), down), true);
  EXPECT_FALSE(KeysOf(Column(arrow::int64(), up), {{"x"}}).prefix_is_key());
  ExpectIncreasing(Column(arrow::uint64(), "[0, 9223372036854775807, 18446744073709551615, null]"),
                   false);
  ExpectIncreasing(Column(arrow::uint64(), "[18446744073709551615, 9223372036854775807, 0]"), true);
}

TEST(SortKeysTest, StringsWithZerosKeepTheirOrder) {
  const char* up = R"(["", "\u0000", "\u0000\u0000", "\u0000a", "\u0001", "a", "a\u0000", "ab"])";
  ExpectIncreasing(Column(arrow::utf8(), up), false);
  const char* down = R"(["b", "ab", "a\u0000", "a", "\u0000", "", null])";
  ExpectIncreasing(Column(arrow::large_utf8(), down), true);
}

TEST(SortKeysTest, BytesDependOnTheValueAlone) {
  const auto strings = BytesOf(Column(arrow::utf8(), R"(["b", null, "a"])"));
  EXPECT_EQ(BytesOf(Column(arrow::large_binary(), R"(["b", null, "a"])")), strings);
  EXPECT_EQ(BytesOf(Column(arrow::utf8_view(), R"(["b", null, "a"])")), strings);
  EXPECT_EQ(BytesOf(Column(arrow::dictionary(arrow::int8(), arrow::utf8()), R"(["b", null, "a"])")),
            strings);
  EXPECT_EQ(BytesOf(Column(arrow::utf8(), R"(["x", "b", null, "a"])").Slice(1, 3)), strings);
  // With and without nulls, in any width, in a narrow and in a wide range.
  const auto numbers = BytesOf(Column(arrow::int8(), "[1, -5]"), true);
  EXPECT_EQ(BytesOf(Column(arrow::int64(), "[1, -5, null]"), true)[1], numbers[1]);
  EXPECT_EQ(BytesOf(Column(arrow::int32(), "[1, -5, 2000000000]"), true)[0], numbers[0]);
  EXPECT_EQ(BytesOf(Column(arrow::uint64(), "[1]"), true)[0], numbers[0]);
  EXPECT_LT(BytesOf(Column(arrow::int64(), "[9223372036854775807]"))[0],
            BytesOf(Column(arrow::uint64(), "[9223372036854775808]"))[0]);
  EXPECT_EQ(BytesOf(Column(arrow::float32(), "[-0.0, 1.5]")),
            BytesOf(Column(arrow::float64(), "[0.0, 1.5]")));
  EXPECT_EQ(BytesOf(Column(arrow::float16(), "[1.5]")), BytesOf(Column(arrow::float64(), "[1.5]")));
  EXPECT_EQ(BytesOf(Column(arrow::null(), "[null]")), BytesOf(Column(arrow::int64(), "[null]")));
}

TEST(SortKeysTest, AColumnIsComparedOnlyWhereThoseBeforeAreEqual) {
  const auto fields = {arrow::field("s", arrow::utf8()), arrow::field("n", arrow::int32()),
                       arrow::field("f", arrow::float32())};
  const Block block = JsonBlock(fields, {R"(["a", "a", "a", "a\u0000", "ab", null, null])",
                                         "[3, 2, 2, 9, 9, 1, null]", "[0, 1, NaN, 0, 0, 0, 0]"});
  const SortKeys keys = KeysOf(block, {{"s"}, {"n", true}, {"f"}});
  for (int64_t i = 1; i < block.num_rows(); ++i) EXPECT_LT(keys.Bytes(i - 1), keys.Bytes(i)) << i;
}

TEST(SortKeysTest, SeveralNarrowColumnsFitInOneNumber) {
  const auto fields = {arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64()),
                       arrow::field("c", arrow::boolean())};
  const Block block = JsonBlock(fields, {"[1000000, 1000000, 1000001, null]", "[7, null, -7, 0]",
                                         "[true, false, null, null]"});
  const SortKeys keys = KeysOf(block, {{"a"}, {"b", true}, {"c"}});
  EXPECT_TRUE(keys.prefix_is_key());
  for (int64_t i = 1; i < block.num_rows(); ++i) {
    EXPECT_LT(keys.prefix(i - 1), keys.prefix(i));
    EXPECT_LT(keys.Bytes(i - 1), keys.Bytes(i));
  }
}

TEST(SortKeysTest, BothFormsAndArrowAgreeOnRandomColumns) {
  testing::Random random(5);
  for (const auto& type : testing::SortableTypes()) {
    for (const bool descending : {false, true}) {
      for (const int one_null_in : {0, 4}) {
        const auto array = testing::RandomArray(random, type, 120, one_null_in);
        const Block block(arrow::RecordBatch::Make(arrow::schema({arrow::field("x", type)}),
                                                   array->length(), {array}));
        const SortKeys keys = KeysOf(block, {{"x", descending}});
        const auto order = descending ? arrow::compute::SortOrder::Descending
                                      : arrow::compute::SortOrder::Ascending;
        arrow::compute::RankOptions rank(order, arrow::compute::NullPlacement::AtEnd,
                                         arrow::compute::RankOptions::Min);
        const auto ranks =
            arrow::compute::CallFunction("rank", {array}, &rank).ValueOrDie().make_array();
        const auto& typed = static_cast<const arrow::UInt64Array&>(*ranks);
        for (int64_t a = 0; a < array->length(); ++a) {
          for (int64_t b = 0; b < array->length(); ++b) {
            const int want =
                Sign(static_cast<int>(typed.Value(a)) - static_cast<int>(typed.Value(b)));
            ASSERT_EQ(Sign(keys.Compare(a, b)), want) << type->ToString() << " " << a << " " << b;
            ASSERT_EQ(Sign(keys.Bytes(a).compare(keys.Bytes(b))), want) << type->ToString();
            ASSERT_TRUE(want >= 0 || keys.prefix(a) <= keys.prefix(b));
          }
        }
      }
    }
  }
}

TEST(SortKeysTest, ErrorsNameTheColumn) {
  const auto fail = [](const Block& block, const char* column) {
    const std::vector<SortColumn> keys = {{column}};
    return SortKeys::Make(block, keys, arrow::default_memory_pool()).status();
  };
  const Block lists = Column(arrow::list(arrow::int64()), "[[1], null]");
  EXPECT_TRUE(fail(lists, "x").IsTypeError());
  EXPECT_THAT(fail(lists, "x").message(), HasSubstr("'x' of type list<item: int64>"));
  EXPECT_TRUE(fail(lists, "y").IsInvalid());
  EXPECT_THAT(fail(lists, "y").message(), HasSubstr("'y' is not a column; there are: 'x'"));
  EXPECT_TRUE(
      fail(Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("o", ObjectType())}), 0,
                                          {arrow::MakeEmptyArray(ObjectType()).ValueOrDie()})),
           "o")
          .IsTypeError());
}

}  // namespace
}  // namespace headrace::compute
