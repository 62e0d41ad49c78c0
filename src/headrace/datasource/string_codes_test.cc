// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/string_codes.h"

#include <arrow/builder.h>
#include <gtest/gtest.h>

#include <random>

namespace headrace::datasource {
namespace {

std::shared_ptr<arrow::Array> Strings(const std::vector<std::optional<std::string>>& values) {
  arrow::BinaryBuilder builder;
  for (const auto& value : values) {
    EXPECT_TRUE((value ? builder.Append(*value) : builder.AppendNull()).ok());
  }
  return *builder.Finish();
}

/// A string that shares its ends, and much of its middle, with others of its length.
std::string Draw(std::mt19937_64* random) {
  constexpr size_t kSizes[] = {0, 1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 40};
  std::string value(kSizes[(*random)() % std::size(kSizes)], '\0');
  for (size_t i = 0; i < value.size(); ++i) {
    if ((*random)() % 40 == 0) value[i] = static_cast<char>((*random)() % 3);
  }
  return value;
}

TEST(StringCodesTest, CodesStandForTheirStrings) {
  std::mt19937_64 random(5);
  StringCodes codes;
  for (int round = 0; round < 30; ++round) {
    std::vector<std::optional<std::string>> values(random() % 40 + 1);
    for (auto& value : values) {
      if (random() % 10 > 0) value = Draw(&random);
    }
    const auto whole = Strings(values);
    const int64_t skipped = static_cast<int64_t>(random() % values.size());
    const auto part = whole->Slice(skipped);
    std::vector<int32_t> out(part->length());
    ASSERT_TRUE(codes.Encode(static_cast<const arrow::BinaryArray&>(*part), out.data()));
    const auto strings = *codes.Values(arrow::binary(), arrow::default_memory_pool());
    ASSERT_EQ(strings->length(), codes.size());
    for (int64_t row = 0; row < part->length(); ++row) {
      const auto& value = values[skipped + row];
      if (!value) continue;
      EXPECT_EQ(static_cast<const arrow::BinaryArray&>(*strings).GetString(out[row]), *value);
    }
    for (int32_t i = 0; i < codes.size(); ++i) {
      for (int32_t j = 0; j < i; ++j) EXPECT_FALSE(strings->RangeEquals(i, i + 1, j, strings));
    }
  }
  EXPECT_GT(codes.size(), 50);
}

TEST(StringCodesTest, TooManyStringsAreRefused) {
  std::vector<std::optional<std::string>> values;
  for (int i = 0; i < StringCodes::kMaxValues; ++i) values.push_back("value " + std::to_string(i));
  StringCodes codes;
  std::vector<int32_t> out(values.size() + 1);
  const auto most = Strings(values);
  ASSERT_TRUE(codes.Encode(static_cast<const arrow::BinaryArray&>(*most), out.data()));
  EXPECT_EQ(codes.size(), StringCodes::kMaxValues);
  const auto more = Strings({"value 3", "another"});
  EXPECT_FALSE(codes.Encode(static_cast<const arrow::BinaryArray&>(*more), out.data()));
}

}  // namespace
}  // namespace headrace::datasource
