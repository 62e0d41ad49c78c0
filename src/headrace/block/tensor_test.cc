// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/tensor.h"

#include <arrow/array/array_nested.h>
#include <arrow/extension_type.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

using testing::ElementsAre;

std::shared_ptr<arrow::Array> Floats(const std::string& json) {
  return arrow::json::ArrayFromJSONString(arrow::float32(), json).ValueOrDie();
}

TEST(TensorTest, AFixedShapeTensorSharesItsValues) {
  const auto values = Floats("[0, 1, 2, 3, 4, 5]");
  const auto tensors = MakeFixedShapeTensorArray(values, {3, 1}).ValueOrDie();
  EXPECT_EQ(tensors->length(), 2);
  EXPECT_TRUE(IsFixedShapeTensor(*tensors->type()));
  EXPECT_FALSE(IsVariableShapeTensor(*tensors->type()));
  EXPECT_THAT(TensorShape(*tensors->type()), ElementsAre(3, 1));
  EXPECT_TRUE(TensorValueType(*tensors->type())->Equals(arrow::float32()));
  EXPECT_TRUE(tensors->ValidateFull().ok());
}

TEST(TensorTest, ValuesThatDoNotFitTheShapeAreAnError) {
  EXPECT_TRUE(MakeFixedShapeTensorArray(Floats("[0, 1, 2]"), {2}).status().IsInvalid());
  EXPECT_TRUE(MakeFixedShapeTensorArray(Floats("[]"), {0}).status().IsInvalid());
  EXPECT_TRUE(FixedShapeTensor(arrow::int8(), {1 << 16, 1 << 16}).status().IsCapacityError());
}

TEST(TensorTest, AVariableShapeTensorHoldsRowsOfDifferentShapes) {
  const auto tensors =
      MakeVariableShapeTensorArray(Floats("[0, 1, 2, 3, 4]"), {{1, 2}, {0, 7}, {3, 1}})
          .ValueOrDie();
  EXPECT_EQ(tensors->length(), 3);
  EXPECT_TRUE(IsVariableShapeTensor(*tensors->type()));
  EXPECT_TRUE(TensorValueType(*tensors->type())->Equals(arrow::float32()));
  EXPECT_TRUE(tensors->ValidateFull().ok());
}

TEST(TensorTest, ShapesAndValuesHaveToAgree) {
  EXPECT_TRUE(MakeVariableShapeTensorArray(Floats("[0, 1]"), {{1}}).status().IsInvalid());
  EXPECT_TRUE(MakeVariableShapeTensorArray(Floats("[0, 1]"), {{1}, {1, 1}}).status().IsTypeError());
}

TEST(TensorTest, AFixedShapeBecomesAVariableOneAlsoOfASlice) {
  const auto fixed = MakeFixedShapeTensorArray(Floats("[0, 1, 2, 3, 4, 5]"), {2}).ValueOrDie();
  const auto expected =
      MakeVariableShapeTensorArray(Floats("[2, 3, 4, 5]"), {{2}, {2}}).ValueOrDie();
  const auto variable = ToVariableShape(*fixed->Slice(1, 2)).ValueOrDie();
  EXPECT_TRUE(variable->ValidateFull().ok());
  EXPECT_TRUE(variable->Equals(expected)) << variable->ToString();
}

TEST(TensorTest, TheObjectTypeIsRegisteredOnce) {
  ASSERT_TRUE(RegisterExtensionTypes().ok());
  ASSERT_TRUE(RegisterExtensionTypes().ok());
  EXPECT_NE(arrow::GetExtensionType("headrace.object"), nullptr);
  EXPECT_TRUE(IsObject(*ObjectType()));
  EXPECT_FALSE(IsObject(*arrow::large_binary()));
}

}  // namespace
}  // namespace headrace
