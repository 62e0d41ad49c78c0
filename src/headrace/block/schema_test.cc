// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/schema.h"

#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/block/tensor.h"

namespace headrace {
namespace {

using testing::HasSubstr;

std::shared_ptr<arrow::Schema> SchemaWith(
    const std::vector<std::pair<std::string, std::shared_ptr<arrow::DataType>>>& columns) {
  arrow::FieldVector fields;
  for (const auto& [name, type] : columns) fields.push_back(arrow::field(name, type));
  return arrow::schema(std::move(fields));
}

std::shared_ptr<arrow::DataType> Unified(const std::shared_ptr<arrow::DataType>& left,
                                         const std::shared_ptr<arrow::DataType>& right) {
  const auto schema =
      headrace::UnifySchemas({SchemaWith({{"x", left}}), SchemaWith({{"x", right}})}).ValueOrDie();
  return schema->field(0)->type();
}

std::shared_ptr<arrow::Array> Json(const std::shared_ptr<arrow::DataType>& type,
                                   std::string_view json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Block OneColumn(const std::string& name, const std::shared_ptr<arrow::Array>& array) {
  return Block(
      arrow::RecordBatch::Make(SchemaWith({{name, array->type()}}), array->length(), {array}));
}

TEST(UnifySchemasTest, GivesTheFirstSchemaWhenAllAreEqual) {
  const auto first = SchemaWith({{"x", arrow::int64()}});
  EXPECT_EQ(headrace::UnifySchemas({first, SchemaWith({{"x", arrow::int64()}})}).ValueOrDie(),
            first);
}

TEST(UnifySchemasTest, JoinsColumnsInOrderOfAppearance) {
  const auto schema =
      headrace::UnifySchemas({SchemaWith({{"b", arrow::int64()}, {"a", arrow::utf8()}}),
                              SchemaWith({{"c", arrow::boolean()}, {"a", arrow::utf8()}})})
          .ValueOrDie();
  EXPECT_EQ(schema->field_names(), (std::vector<std::string>{"b", "a", "c"}));
}

TEST(UnifySchemasTest, WidensTypes) {
  EXPECT_TRUE(Unified(arrow::null(), arrow::utf8())->Equals(arrow::utf8()));
  EXPECT_TRUE(Unified(arrow::int32(), arrow::int64())->Equals(arrow::int64()));
  EXPECT_TRUE(Unified(arrow::int32(), arrow::uint32())->Equals(arrow::int64()));
  EXPECT_TRUE(Unified(arrow::int64(), arrow::float32())->Equals(arrow::float64()));
  EXPECT_TRUE(Unified(arrow::utf8(), arrow::large_utf8())->Equals(arrow::large_utf8()));
  const auto dictionary = arrow::dictionary(arrow::int8(), arrow::utf8());
  EXPECT_TRUE(Unified(dictionary, arrow::utf8())->Equals(arrow::utf8()));
  EXPECT_TRUE(Unified(arrow::list(arrow::int32()), arrow::list(arrow::null()))
                  ->Equals(arrow::list(arrow::int32())));
  EXPECT_TRUE(Unified(arrow::struct_({arrow::field("p", arrow::int32())}),
                      arrow::struct_({arrow::field("q", arrow::utf8())}))
                  ->Equals(arrow::struct_(
                      {arrow::field("p", arrow::int32()), arrow::field("q", arrow::utf8())})));
}

TEST(UnifySchemasTest, MakesTensorsOfDifferentShapesVariable) {
  const auto small = FixedShapeTensor(arrow::uint8(), {2, 2, 3}).ValueOrDie();
  const auto large = FixedShapeTensor(arrow::uint8(), {4, 4, 3}).ValueOrDie();
  EXPECT_TRUE(IsVariableShapeTensor(*Unified(small, large)));
  EXPECT_TRUE(IsFixedShapeTensor(*Unified(small, small)));
}

TEST(UnifySchemasTest, NamesTheColumnAndBothTypesThatDoNotFit) {
  const Status status = headrace::UnifySchemas({SchemaWith({{"x", arrow::int64()}}),
                                                SchemaWith({{"x", arrow::utf8()}})})
                            .status();
  EXPECT_TRUE(status.IsTypeError());
  EXPECT_THAT(status.message(), HasSubstr("'x'"));
  EXPECT_THAT(status.message(), HasSubstr("int64"));
  EXPECT_THAT(status.message(), HasSubstr("string"));
}

TEST(ConformToTest, GivesTheBlockItselfWhenItFits) {
  const Block block = OneColumn("x", Json(arrow::int64(), "[1]"));
  EXPECT_EQ(ConformTo(block, SchemaWith({{"x", arrow::int64()}}))->batch(), block.batch());
}

TEST(ConformToTest, CastsAddsNullsAndSharesTheRest) {
  auto kept = Json(arrow::utf8(), R"(["a", "b"])");
  const Block block(
      arrow::RecordBatch::Make(SchemaWith({{"x", arrow::int32()}, {"s", arrow::utf8()}}), 2,
                               {Json(arrow::int32(), "[1, null]"), kept}));
  const Block out =
      ConformTo(
          block,
          SchemaWith({{"s", arrow::utf8()}, {"x", arrow::float64()}, {"new", arrow::boolean()}}))
          .ValueOrDie();
  EXPECT_EQ(out.batch()->column_data(0)->buffers[2], kept->data()->buffers[2]);
  EXPECT_TRUE(out.batch()->column(1)->Equals(*Json(arrow::float64(), "[1.0, null]")));
  EXPECT_EQ(out.batch()->column(2)->null_count(), 2);
}

TEST(ConformToTest, ConformsStructsOfASlice) {
  const auto type = arrow::struct_({arrow::field("p", arrow::int32())});
  const auto wanted =
      arrow::struct_({arrow::field("p", arrow::int64()), arrow::field("q", arrow::utf8())});
  const Block block = OneColumn("x", Json(type, R"([{"p": 1}, null, {"p": 3}])")).Slice(1, 2);
  const Block out = ConformTo(block, SchemaWith({{"x", wanted}})).ValueOrDie();
  EXPECT_TRUE(out.batch()->column(0)->Equals(*Json(wanted, R"([null, {"p": 3, "q": null}])")));
}

TEST(ConformToTest, SaysWhichColumnCannotBeCast) {
  const Status status = ConformTo(OneColumn("x", Json(arrow::utf8(), R"(["a"])")),
                                  SchemaWith({{"x", arrow::int64()}}))
                            .status();
  EXPECT_TRUE(status.IsTypeError());
  EXPECT_THAT(status.message(), HasSubstr("'x'"));
}

}  // namespace
}  // namespace headrace
