// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_parser.h"

#include <arrow/io/memory.h>
#include <arrow/json/options.h>
#include <arrow/json/reader.h>
#include <arrow/table.h>
#include <gmock/gmock.h>

#include <bit>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <random>

#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using SchemaPtr = std::shared_ptr<arrow::Schema>;

Result<std::optional<Block>> Parse(const std::string& text, const SchemaPtr& schema = nullptr,
                                   int64_t max_keys = kDefaultMaxJsonKeys) {
  const auto size = static_cast<int64_t>(text.size());
  ARROW_ASSIGN_OR_RAISE(auto padded, arrow::AllocateResizableBuffer(size + kJsonPadding));
  std::memset(padded->mutable_data(), 0, static_cast<size_t>(padded->size()));
  std::memcpy(padded->mutable_data(), text.data(), text.size());
  ARROW_RETURN_NOT_OK(padded->Resize(size, /*shrink_to_fit=*/false));
  JsonRows rows(schema, max_keys, arrow::default_memory_pool());
  ARROW_ASSIGN_OR_RAISE(const bool is_usual, rows.Append(*padded));
  if (!is_usual) return std::nullopt;
  return rows.Finish();
}

Result<std::shared_ptr<arrow::Table>> ParseByArrow(const std::string& text,
                                                   const SchemaPtr& schema) {
  auto read = arrow::json::ReadOptions::Defaults();
  read.use_threads = false;
  auto parse = arrow::json::ParseOptions::Defaults();
  parse.explicit_schema = schema;
  ARROW_ASSIGN_OR_RAISE(auto reader, arrow::json::TableReader::Make(
                                         arrow::default_memory_pool(),
                                         arrow::io::BufferReader::FromString(text), read, parse));
  return reader->Read();
}

/// What is read is what Arrow reads; true when it was read.
bool IsAsByArrow(const std::string& text, const SchemaPtr& schema = nullptr) {
  const auto actual = Parse(text, schema);
  EXPECT_TRUE(actual.ok()) << actual.status().ToString();
  if (!actual.ok() || !*actual) return false;
  EXPECT_TRUE((**actual).batch()->ValidateFull().ok()) << text;
  const auto table = ParseByArrow(text, schema);
  EXPECT_TRUE(table.ok()) << text << table.status().ToString();
  if (!table.ok()) return false;
  const auto expected = ValueOf((*table)->CombineChunksToBatch());
  // Arrow 26 loses nulls that stand before the first value of lists in lists.
  if (!expected->ValidateFull().ok()) return false;
  const bool same_schema = expected->schema()->Equals(*(**actual).schema());
  EXPECT_TRUE(same_schema) << text << expected->schema()->ToString()
                           << (**actual).schema()->ToString();
  const auto rows = ValueOf(arrow::Table::FromRecordBatches({(**actual).batch()}));
  const auto nans_equal = arrow::EqualOptions::Defaults().nans_equal(true);
  EXPECT_TRUE((*table)->Equals(*rows, nans_equal))
      << text << (*table)->ToString() << rows->ToString();
  return same_schema;
}

class JsonParserTest : public DatasourceTest {
 protected:
  int Upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }
  std::string Pick(const std::vector<std::string>& from) {
    return from[static_cast<size_t>(Upto(static_cast<int>(from.size()) - 1))];
  }
  /// A value of the kind, or null.
  std::string Value(int kind, int depth) {
    if (Upto(9) == 0) return "null";
    switch (kind) {
      case 0:
        return Pick({"true", "false"});
      case 1:
        return Pick({"0", "-1", "12345678", "1234567890123", "9223372036854775807", "-0"});
      case 2:
        return Pick({"0.5", "-12.25", "1e5", "1E-3", "3", "12345678901234567890", "0.1",
                     "0.12345678901234567"});
      case 3:
        return Pick({"\"\"", "\"a\"", "\"caf\xC3\xA9\"", "\"\\u00e9\\n\\\"\\\\\"", "\"2020-01-01\"",
                     "\"long text of more than sixteen bytes\"", "\"\\ud83d\\ude00\""});
      case 4:
        return Pick({"\"2020-01-01\"", "\"2020-01-01 10:20:30\"", "\"1969-12-31T23:59:59\""});
      case 5: {
        const int item = depth == 0 ? 6 : depth == 1 ? 5 : 2;
        std::string list = "[";
        for (int i = Upto(3); i > 0; --i) list += Value(item, depth + 1) + (i > 1 ? ", " : "");
        return list + "]";
      }
      default:
        return Object(Upto(3), depth + 1);
    }
  }
  std::string Object(int num_fields, int depth) {
    std::string text = "{";
    for (int i = 0; i < num_fields; ++i) {
      if (Upto(7) == 0) continue;
      if (text.size() > 1) text += Pick({",", ", "});
      const int kind = depth > 2 ? i % 5 : (i * 5 + depth) % 7;
      text += "\"f" + std::to_string(i) + "\"" + Pick({":", " : "}) + Value(kind, depth);
    }
    return text + "}";
  }

  std::mt19937 random_{20240818};
};

TEST_F(JsonParserTest, ObjectsAreReadAsArrowReadsThem) {
  int read = 0;
  for (int round = 0; round < 1500; ++round) {
    std::string text;
    const int num_fields = 1 + Upto(6);
    for (int rows = 1 + Upto(20); rows > 0; --rows) {
      text += Object(num_fields, 0) + Pick({"\n", "\n", "\r\n", " \n\n"});
    }
    if (Upto(3) == 0) text.pop_back();
    read += IsAsByArrow(text);
    if (HasFailure()) return;
  }
  EXPECT_GT(read, 700);  // in others Arrow's array is not valid
}

TEST_F(JsonParserTest, GivenTypesAreReadAsArrowReadsThem) {
  const auto schema =
      arrow::schema({arrow::field("d", arrow::float64()), arrow::field("s", arrow::utf8()),
                     arrow::field("t", arrow::timestamp(arrow::TimeUnit::MILLI)),
                     arrow::field("missing", arrow::int64()),
                     arrow::field("o", arrow::struct_({arrow::field("y", arrow::float64())})),
                     arrow::field("l", arrow::list(arrow::float64()))});
  EXPECT_TRUE(IsAsByArrow(
      "{\"d\": 1, \"s\": \"2020-01-01\", \"t\": \"2020-01-01 00:00:00.5\", \"l\": [1, null]}\n"
      "{\"x\": 1, \"o\": {\"y\": 1, \"z\": \"a\"}, \"l\": []}\n{\"o\": null}\n",
      schema));
  EXPECT_FALSE(ValueOf(Parse("{\"missing\": 0.5}", schema)));
  EXPECT_FALSE(ValueOf(Parse("{\"d\": 1}", arrow::schema({arrow::field("d", arrow::int8())}))));
}

TEST_F(JsonParserTest, WhatIsNotUsualIsLeftToArrow) {
  for (const char* text :
       {"{\"a\": 1}\n{\"a\": \"x\"}", "{\"a\": 1, \"a\": 2}", "[1]", "1", "{\"a\": 1", "{\"a\" 1}",
        "{\"a\": 01}", "{\"a\": 1}}", "{'a': 1}", "{\"a\": [1, \"x\"]}"}) {
    EXPECT_FALSE(ValueOf(Parse(text))) << text;
  }
  EXPECT_FALSE(ValueOf(Parse(std::string("{\"a\": 1}\0{\"a\": 2}", 17))));
  std::string deep = "{\"a\": ";
  for (int i = 0; i < 100'000; ++i) deep += '[';
  EXPECT_FALSE(ValueOf(Parse(deep)));
}

TEST_F(JsonParserTest, NaNAndInfinityAreNumbers) {
  EXPECT_TRUE(IsAsByArrow("{\"a\": NaN}\n{\"a\": 1}\n{\"a\": -Infinity}\n"));
}

TEST_F(JsonParserTest, DoublesAreTheNearestOnes) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(std::uniform_int_distribution<uint64_t>()(random_));
    if (!std::isfinite(value)) continue;
    char number[64];
    // Of few digits, as they come from measurements, and of enough or too many to tell them apart.
    std::snprintf(number, sizeof(number),
                  i % 4 == 0   ? "%.6g"
                  : i % 4 == 1 ? "%.20e"
                               : "%.17g",
                  value);
    text += "{\"d\": " + std::string(number) + "}\n";
  }
  EXPECT_TRUE(IsAsByArrow(text));
}

TEST_F(JsonParserTest, ObjectsMayShareALineOrTakeSeveral) {
  EXPECT_TRUE(IsAsByArrow("{\"a\": 1} {\"a\": 2}\n{\"a\":\n3}\n"));
}

TEST_F(JsonParserTest, TooManyKeysAreAnErrorAndNotMemory) {
  const std::string three = R"({"a": 1, "b": {"c": 2}})";
  EXPECT_TRUE(Parse(three, nullptr, /*max_keys=*/3).ok());
  const Status error = Parse(three, nullptr, /*max_keys=*/2).status();
  ASSERT_TRUE(error.IsCapacityError()) << error;
  EXPECT_NE(error.message().find("max_json_keys"), std::string::npos) << error;
}

TEST_F(JsonParserTest, RowsWithoutKeysInCommonAreAnErrorBeforeTheyFillTheMemory) {
  // A table of them would have 10^10 values, all but 10^5 of them null.
  std::string text;
  for (int i = 0; i < 100'000; ++i) text += "{\"k" + std::to_string(i) + "\": 1}\n";
  const int64_t before = arrow::default_memory_pool()->max_memory();
  const Status usual = Parse(text).status();
  EXPECT_TRUE(usual.IsCapacityError()) << usual;
  EXPECT_LT(arrow::default_memory_pool()->max_memory() - before, 512 << 20);
}

TEST_F(JsonParserTest, SparseRowsAreNoError) {
  std::string text;
  for (int i = 0; i < 20'000; ++i) {
    text += "{\"k" + std::to_string(i % 500) + "\": 1, \"id\": " + std::to_string(i) + "}\n";
  }
  const auto block = Parse(text);
  ASSERT_TRUE(block.ok()) << block.status();
  ASSERT_TRUE(block->has_value());
  EXPECT_EQ((*block)->num_columns(), 501);
}

}  // namespace
}  // namespace headrace::datasource
