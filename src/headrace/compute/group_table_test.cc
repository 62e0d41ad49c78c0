// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_table.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/json/from_string.h>
#include <arrow/scalar.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace headrace::compute {
namespace {

using testing::ElementsAre;
using Ids = std::vector<uint32_t>;

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   std::string_view json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Ids Add(GroupTable& table, const arrow::ArrayVector& columns) {
  Ids ids;
  const Status status = table.Add(columns, columns.front()->length(), &ids);
  EXPECT_TRUE(status.ok()) << status.ToString();
  return ids;
}

TEST(GroupTableTest, NumbersGroupsInOrderOfFirstAppearance) {
  GroupTable table({"x"});
  EXPECT_THAT(Add(table, {Json(arrow::int32(), "[7, null, 5, 7, null, 6]")}),
              ElementsAre(0, 1, 2, 0, 1, 3));
  EXPECT_THAT(Add(table, {Json(arrow::int32(), "[6, 8, 5]")}), ElementsAre(3, 4, 2));
  const auto keys = table.Keys(arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(keys[0]->Equals(*Json(arrow::int32(), "[7, null, 5, 6, 8]")));
}

TEST(GroupTableTest, NullAndNanAreGroupsOfTheirOwn) {
  arrow::FloatBuilder builder;
  ASSERT_TRUE(builder.AppendValues({NAN, 0.0F, -0.0F, -NAN}).ok());
  ASSERT_TRUE(builder.AppendNull().ok());
  GroupTable table({"x"});
  EXPECT_THAT(Add(table, {builder.Finish().ValueOrDie()}), ElementsAre(0, 1, 1, 0, 2));
}

TEST(GroupTableTest, ADictionaryIsItsValues) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto encoded = Json(type, R"(["b", "a", null, "b", ""])");
  GroupTable table({"x"});
  EXPECT_THAT(Add(table, {Json(arrow::utf8(), R"(["a"])")}), ElementsAre(0));
  EXPECT_THAT(Add(table, {encoded}), ElementsAre(1, 0, 2, 1, 3));
  EXPECT_THAT(Add(table, {encoded->Slice(3)}), ElementsAre(1, 3));
  const auto keys = table.Keys(arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(keys[0]->Equals(*Json(arrow::utf8(), R"(["a", "b", null, ""])")));
}

TEST(GroupTableTest, SeveralDictionariesAreTheirValues) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto encoded = [&](const char* codes, const char* values) {
    return arrow::DictionaryArray::FromArrays(
               type, arrow::json::ArrayFromJSONString(arrow::int8(), codes).ValueOrDie(),
               arrow::json::ArrayFromJSONString(arrow::utf8(), values).ValueOrDie())
        .ValueOrDie();
  };
  GroupTable table({"a", "b"});
  std::vector<uint32_t> ids;
  // "x" is in the dictionary twice.
  ASSERT_TRUE(table
                  .Add({encoded("[0, 1, 2, null, 0]", R"(["x", "y", "x"])"),
                        encoded("[0, 0, 0, 0, null]", R"(["n"])")},
                       5, &ids)
                  .ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{0, 1, 0, 2, 3}));
  const auto text = [](const char* values) {
    return arrow::json::ArrayFromJSONString(arrow::utf8(), values).ValueOrDie();
  };
  ASSERT_TRUE(table.Add({text(R"(["y", null, "z"])"), text(R"(["n", "n", "n"])")}, 3, &ids).ok());
  EXPECT_EQ(ids, (std::vector<uint32_t>{1, 2, 4}));
}

TEST(GroupTableTest, KeysOfSeveralColumnsComeBackInTheirTypes) {
  const arrow::ArrayVector columns = {
      Json(arrow::utf8(), R"(["a", "a", null, "ab", "a"])"),
      Json(arrow::large_binary(), R"(["b", "b", "b", "", "b"])"),
      Json(arrow::decimal128(20, 2), R"(["1.50", null, "1.50", "-2.00", "1.50"])"),
      Json(arrow::date32(), "[3, 3, 3, -3, 3]"),
      Json(arrow::null(), "[null, null, null, null, null]"),
      Json(arrow::boolean(), "[true, true, true, false, true]")};
  GroupTable table({"a", "b", "c", "d", "e", "f"});
  EXPECT_THAT(Add(table, columns), ElementsAre(0, 1, 2, 3, 0));
  const auto keys = table.Keys(arrow::default_memory_pool()).ValueOrDie();
  for (size_t i = 0; i < columns.size(); ++i) {
    EXPECT_TRUE(keys[i]->Equals(*columns[i]->Slice(0, 4))) << keys[i]->ToString();
  }
}

TEST(GroupTableTest, KeysThatBecomeWiderKeepTheirNumbers) {
  GroupTable table({"x"});
  EXPECT_THAT(Add(table, {Json(arrow::null(), "[null]")}), ElementsAre(0));
  EXPECT_THAT(Add(table, {Json(arrow::int8(), "[3, 4]")}), ElementsAre(1, 2));
  EXPECT_THAT(Add(table, {Json(arrow::int64(), "[5000000000, 4, null]")}), ElementsAre(3, 2, 0));
  EXPECT_THAT(Add(table, {Json(arrow::int16(), "[3, 300]")}), ElementsAre(1, 4));
  EXPECT_TRUE(table.types()[0]->Equals(*arrow::int64()));
  Ids ids;
  EXPECT_TRUE(table.Add({Json(arrow::utf8(), R"(["a"])")}, 1, &ids).IsTypeError());
}

TEST(GroupTableTest, FindsOnlyWhatIsThere) {
  GroupTable table({"x"});
  Ids ids;
  Add(table, {Json(arrow::int64(), "[5, 6]")});
  ASSERT_TRUE(table.Find({Json(arrow::int64(), "[6, 7, null, 5, 0]")}, 5, &ids).ok());
  EXPECT_THAT(ids, ElementsAre(1, GroupTable::kNone, GroupTable::kNone, 0, GroupTable::kNone));
  GroupTable texts({"x"});
  Add(texts, {Json(arrow::utf8(), R"(["a", null])")});
  ASSERT_TRUE(texts.Find({Json(arrow::utf8(), R"([null, "b", "a", ""])")}, 4, &ids).ok());
  EXPECT_THAT(ids, ElementsAre(1, GroupTable::kNone, 0, GroupTable::kNone));
}

TEST(GroupTableTest, WithoutKeysAllRowsAreOneGroup) {
  GroupTable table(std::vector<std::string>{});
  Ids ids;
  ASSERT_TRUE(table.Add(arrow::ArrayVector{}, 3, &ids).ok());
  EXPECT_THAT(ids, ElementsAre(0, 0, 0));
  EXPECT_EQ(table.num_groups(), 1);
}

TEST(GroupTableTest, AgreesWithAMapOverManyRandomKeys) {
  std::mt19937_64 random(11);
  for (const bool two_columns : {false, true}) {
    for (const bool texts : {false, true}) {
      GroupTable table(two_columns ? std::vector<std::string>{"x", "y"}
                                   : std::vector<std::string>{"x"});
      std::map<std::string, uint32_t> expected;
      for (int block = 0; block < 20; ++block) {
        arrow::StringBuilder text;
        arrow::Int64Builder number;
        std::vector<std::string> names;
        for (int row = 0; row < 1000; ++row) {
          // Skewed: small numbers are frequent.
          const auto value = static_cast<int64_t>(random() % (1 + random() % 20000));
          std::string name = value % 97 == 0 ? "null" : std::to_string(value);
          EXPECT_TRUE((name == "null" ? text.AppendNull() : text.Append(name)).ok());
          EXPECT_TRUE((name == "null" ? number.AppendNull() : number.Append(value)).ok());
          names.push_back(std::move(name));
        }
        const auto a = text.Finish().ValueOrDie();
        const auto b = number.Finish().ValueOrDie();
        const auto& one = texts ? a : b;
        const Ids ids =
            Add(table, two_columns ? arrow::ArrayVector{one, b} : arrow::ArrayVector{one});
        for (int row = 0; row < 1000; ++row) {
          const auto next = static_cast<uint32_t>(expected.size());
          ASSERT_EQ(ids[row], expected.try_emplace(names[row], next).first->second);
        }
      }
      EXPECT_EQ(table.num_groups(), static_cast<int64_t>(expected.size()));
      const auto keys = table.Keys(arrow::default_memory_pool()).ValueOrDie();
      for (const auto& [name, id] : expected) {
        ASSERT_EQ(keys[0]->GetScalar(id).ValueOrDie()->ToString(), name);
      }
      table.Clear();
      EXPECT_EQ(table.num_groups(), 0);
    }
  }
}

}  // namespace
}  // namespace headrace::compute
