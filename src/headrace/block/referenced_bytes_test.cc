// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/referenced_bytes.h"

#include <arrow/array/array_base.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/concatenate.h>
#include <arrow/json/from_string.h>
#include <arrow/util/byte_size.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

struct Case {
  std::shared_ptr<arrow::DataType> type;
  std::string json;
};

std::vector<Case> Cases() {
  const std::string numbers = "[1, null, 3, 0, 1, 2, 7, 8, 9, null, 11]";
  const std::string texts = R"(["a", "", null, "long enough for a heap", "b", "c", "dd", null])";
  const auto field = arrow::field("x", arrow::int16());
  return {{arrow::int8(), numbers},
          {arrow::int64(), numbers},
          {arrow::float32(), numbers},
          {arrow::timestamp(arrow::TimeUnit::MICRO), numbers},
          {arrow::boolean(), "[true, null, false, true, true, false, true, true, null, true]"},
          {arrow::decimal128(5, 1), R"(["1.0", null, "2.5", "3.5"])"},
          {arrow::fixed_size_binary(3), R"(["abc", null, "def", "ghi"])"},
          {arrow::utf8(), texts},
          {arrow::large_binary(), texts},
          {arrow::utf8(), "[]"},
          {arrow::int32(), "[]"},
          {arrow::null(), "[null, null, null]"},
          {arrow::list(arrow::int32()), "[[1, 2], null, [], [3], [4, 5, 6]]"},
          {arrow::fixed_size_list(arrow::int32(), 2), "[[1, 2], null, [3, 4], [5, 6]]"},
          {arrow::struct_({field}), R"([{"x": 1}, null, {"x": 3}, {"x": 4}])"}};
}

TEST(ReferencedBytesTest, AreThoseThatArrowCountsForEverySlice) {
  for (const Case& one : Cases()) {
    const auto column = arrow::json::ArrayFromJSONString(one.type, one.json).ValueOrDie();
    for (int64_t offset = 0; offset <= column->length(); ++offset) {
      for (int64_t length = 0; offset + length <= column->length(); ++length) {
        const auto slice = column->Slice(offset, length);
        ASSERT_EQ(ReferencedBytes(*slice->data()),
                  arrow::util::ReferencedBufferSize(*slice).ValueOrDie())
            << one.type->ToString() << " " << offset << " " << length;
      }
    }
  }
}

TEST(ReferencedBytesTest, ADictionaryCountsAsAWhole) {
  const auto dictionary =
      arrow::json::ArrayFromJSONString(arrow::utf8(), R"(["one", "two", "three"])").ValueOrDie();
  const auto indices =
      arrow::json::ArrayFromJSONString(arrow::int32(), "[0, 1, null, 2, 1]").ValueOrDie();
  const auto column = arrow::DictionaryArray::FromArrays(indices, dictionary).ValueOrDie();
  for (int64_t length = 0; length <= 3; ++length) {
    const auto slice = column->Slice(2, length);
    EXPECT_EQ(ReferencedBytes(*slice->data()),
              arrow::util::ReferencedBufferSize(*slice).ValueOrDie())
        << length;
  }
}

}  // namespace
}  // namespace headrace
