// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/object_column.h"

#include <arrow/array/array_binary.h>
#include <arrow/extension_type.h>
#include <arrow/json/from_string.h>
#include <gtest/gtest.h>

#include "headrace/block/tensor.h"

namespace headrace {
namespace {

std::vector<std::string> Pickled(const std::shared_ptr<arrow::DataType>& type,
                                 std::string_view json) {
  const auto array = arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
  const auto objects = ToObjects(*array, arrow::default_memory_pool()).ValueOrDie();
  EXPECT_TRUE(IsObject(*objects->type()));
  const auto& storage = static_cast<const arrow::LargeBinaryArray&>(
      *static_cast<const arrow::ExtensionArray&>(*objects).storage());
  std::vector<std::string> values;
  for (int64_t i = 0; i < storage.length(); ++i) {
    values.push_back(storage.IsNull(i) ? "null" : storage.GetString(i));
  }
  return values;
}

using namespace std::string_literals;  // NOLINT: bytes with zeros

// What pickletools.dis reads as BOOL, LONG1, BINUNICODE and a list.
TEST(ToObjectsTest, WritesWhatPythonUnpickles) {
  EXPECT_EQ(Pickled(arrow::boolean(), "[true, null]"),
            (std::vector<std::string>{"\x80\x03\x88."s, "null"}));
  EXPECT_EQ(Pickled(arrow::int32(), "[-2]")[0],
            "\x80\x03\x8a\x09\xfe\xff\xff\xff\xff\xff\xff\xff\xff."s);
  EXPECT_EQ(Pickled(arrow::utf8(), R"(["hi"])")[0], "\x80\x03X\x02\0\0\0hi."s);
  EXPECT_EQ(Pickled(arrow::list(arrow::boolean()), "[[false, null]]")[0], "\x80\x03](\x89Ne."s);
  EXPECT_EQ(Pickled(arrow::float64(), "[1.0]")[0], "\x80\x03G\x3f\xf0\0\0\0\0\0\0."s);
}

TEST(ToObjectsTest, RefusesTypesWithoutAPythonForm) {
  const auto array = arrow::json::ArrayFromJSONString(arrow::month_interval(), "[1]").ValueOrDie();
  EXPECT_TRUE(ToObjects(*array, arrow::default_memory_pool()).status().IsTypeError());
}

}  // namespace
}  // namespace headrace
