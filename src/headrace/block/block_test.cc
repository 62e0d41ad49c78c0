// SPDX-License-Identifier: Apache-2.0
#include "headrace/block.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace headrace {
namespace {

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Block OneColumn(const std::string& name, const std::shared_ptr<arrow::Array>& array) {
  return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field(name, array->type())}),
                                        array->length(), arrow::ArrayVector{array}));
}

TEST(BlockTest, AnEmptyBlockHasNoRowsNoColumnsAndNoBytes) {
  const Block block;
  EXPECT_EQ(block.num_rows(), 0);
  EXPECT_EQ(block.num_columns(), 0);
  EXPECT_EQ(block.size_bytes(), 0);
  EXPECT_EQ(Block(nullptr).num_rows(), 0);
}

TEST(BlockTest, ASliceCountsOnlyItsOwnBytes) {
  const Block block = OneColumn("a", FromJson(arrow::int64(), "[1, 2, 3, 4]"));
  EXPECT_EQ(block.size_bytes(), 32);
  EXPECT_EQ(block.Slice(1, 2).size_bytes(), 16);
  EXPECT_EQ(block.Slice(1, 2).batch()->column(0)->data()->buffers[1],
            block.batch()->column(0)->data()->buffers[1])
      << "shares the buffer";
}

TEST(BlockTest, SlicesAreClipped) {
  const Block block = OneColumn("a", FromJson(arrow::int64(), "[1, 2, 3]"));
  EXPECT_EQ(block.Slice(0, 100).num_rows(), 3);
  EXPECT_EQ(block.Slice(2, 100).num_rows(), 1);
  EXPECT_EQ(block.Slice(100, 1).num_rows(), 0);
}

TEST(BlockTest, ATableOfSeveralChunksBecomesOneBlock) {
  const auto chunks = arrow::ChunkedArray::Make(
                          {FromJson(arrow::int64(), "[1, 2]"), FromJson(arrow::int64(), "[3]")})
                          .ValueOrDie();
  const auto table =
      arrow::Table::Make(arrow::schema({arrow::field("a", arrow::int64())}), {chunks});
  const Block block = Block::FromTable(*table).ValueOrDie();
  EXPECT_TRUE(block.batch()->column(0)->Equals(FromJson(arrow::int64(), "[1, 2, 3]")));
}

TEST(BlockTest, ATableWithoutChunksKeepsItsSchema) {
  const auto table = arrow::Table::MakeEmpty(arrow::schema({arrow::field("a", arrow::utf8())}));
  const Block block = Block::FromTable(**table).ValueOrDie();
  EXPECT_EQ(block.num_rows(), 0);
  EXPECT_EQ(block.schema()->field_names(), std::vector<std::string>{"a"});
}

TEST(ConcatBlocksTest, JoinsRowsInOrderUnderOneSchema) {
  const Block joined = ConcatBlocks({OneColumn("a", FromJson(arrow::int32(), "[1]")), Block(),
                                     OneColumn("a", FromJson(arrow::int64(), "[2, null]"))})
                           .ValueOrDie();
  EXPECT_TRUE(joined.batch()->column(0)->Equals(FromJson(arrow::int64(), "[1, 2, null]")));
}

TEST(ConcatBlocksTest, NothingAndEmptyBlocksGiveAnEmptyBlock) {
  EXPECT_EQ(ConcatBlocks({})->num_rows(), 0);
  EXPECT_EQ(ConcatBlocks({Block(), Block()})->num_columns(), 0);
}

TEST(ConcatBlocksTest, ASingleBlockIsReturnedAsItIs) {
  const Block block = OneColumn("a", FromJson(arrow::int64(), "[1]"));
  EXPECT_EQ(ConcatBlocks({block})->batch(), block.batch());
}

TEST(SplitBySizeTest, PartsKeepTheRowsInOrderAndTheLimit) {
  const Block block = OneColumn("a", FromJson(arrow::int64(), "[0, 1, 2, 3, 4, 5, 6]"));
  const auto parts = SplitBySize(block, 24).ValueOrDie();
  ASSERT_EQ(parts.size(), 3);
  for (const Block& part : parts) EXPECT_LE(part.size_bytes(), 24);
  EXPECT_TRUE(ConcatBlocks(parts)->batch()->Equals(*block.batch()));
}

TEST(SplitBySizeTest, ARowAboveTheLimitIsAPartOfItsOwn) {
  const Block block = OneColumn("a", FromJson(arrow::utf8(), R"(["xxxxxxxxxx", "yyyyyyyyyy"])"));
  const auto parts = SplitBySize(block, 3).ValueOrDie();
  ASSERT_EQ(parts.size(), 2);
  EXPECT_EQ(parts[0].num_rows(), 1);
}

TEST(SplitBySizeTest, WhatFitsIsNotSplit) {
  const Block block = OneColumn("a", FromJson(arrow::int64(), "[1, 2]"));
  EXPECT_EQ(SplitBySize(block, 16)->size(), 1);
  EXPECT_EQ(SplitBySize(Block(), 1)->size(), 1);
  EXPECT_TRUE(SplitBySize(block, 0).status().IsInvalid());
}

}  // namespace
}  // namespace headrace
