// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_dict.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/block/tensor.h"
#include "headrace/compute/random_blocks.h"

namespace headrace::compute {
namespace {

/// Rows begin, begin + 1, …: a number, a text, a number that may be null, and a 2x2 tensor.
Block MakeBlock(int64_t begin, int64_t rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  arrow::DoubleBuilder nullable;
  arrow::UInt8Builder pixels;
  for (int64_t i = begin; i < begin + rows; ++i) {
    EXPECT_TRUE(numbers.Append(i).ok());
    EXPECT_TRUE(texts.Append("row " + std::to_string(i)).ok());
    EXPECT_TRUE((i % 3 == 0 ? nullable.AppendNull() : nullable.Append(0.5 * i)).ok());
    for (int j = 0; j < 4; ++j) EXPECT_TRUE(pixels.Append(static_cast<uint8_t>(i + j)).ok());
  }
  const auto tensor = MakeFixedShapeTensorArray(pixels.Finish().ValueOrDie(), {2, 2}).ValueOrDie();
  const auto schema =
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("s", arrow::utf8()),
                     arrow::field("d", arrow::float64()), arrow::field("t", tensor->type())});
  return Block(arrow::RecordBatch::Make(schema, rows,
                                        {numbers.Finish().ValueOrDie(), texts.Finish().ValueOrDie(),
                                         nullable.Finish().ValueOrDie(), tensor}));
}

TEST(GatherRowsTest, EqualsSlicesPutTogether) {
  // Slices, so that offsets matter.
  const std::vector<Block> blocks = {MakeBlock(0, 10).Slice(3, 5), MakeBlock(100, 20),
                                     MakeBlock(500, 8).Slice(1, 7)};
  std::mt19937 random(7);
  for (int round = 0; round < 20; ++round) {
    std::vector<RowRef> rows;
    std::vector<Block> expected;
    for (int i = 0; i < 30; ++i) {
      const auto block = static_cast<uint32_t>(random() % blocks.size());
      const auto row = static_cast<uint32_t>(random() % blocks[block].num_rows());
      rows.push_back({block, row});
      expected.push_back(blocks[block].Slice(row, 1));
    }
    const Block got = GatherRows(blocks, rows, arrow::default_memory_pool()).ValueOrDie();
    const Block want = ConcatBlocks(expected).ValueOrDie();
    ASSERT_TRUE(got.batch()->ValidateFull().ok());
    ASSERT_TRUE(got.batch()->Equals(*want.batch())) << "round " << round;
  }
}

TEST(GatherRowsTest, SharedDictionariesStayShared) {
  arrow::StringDictionaryBuilder builder;
  for (const char* text : {"a", "b", "a", "c"}) EXPECT_TRUE(builder.Append(text).ok());
  EXPECT_TRUE(builder.AppendNull().ok());
  const auto codes = builder.Finish().ValueOrDie();
  const Block block(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("s", codes->type())}), 5, {codes}));
  const std::vector<RowRef> rows = {{1, 2}, {0, 0}, {1, 1}, {0, 1}};
  const Block got =
      GatherRows({block.Slice(0, 2), block.Slice(2, 3)}, rows, arrow::default_memory_pool())
          .ValueOrDie();
  ASSERT_TRUE(got.batch()->ValidateFull().ok());
  EXPECT_EQ(got.batch()->column_data(0)->dictionary, block.batch()->column_data(0)->dictionary);
  const auto& column = static_cast<const arrow::DictionaryArray&>(*got.batch()->column(0));
  EXPECT_TRUE(column.IsNull(0));
  EXPECT_EQ(column.GetValueIndex(1), 0);
  EXPECT_EQ(column.GetValueIndex(2), 2);
  EXPECT_EQ(column.GetValueIndex(3), 1);
}

TEST(GatherRowsTest, EqualsTakeOnRandomSchemas) {
  testing::Random random(31);
  auto types = testing::SortableTypes();
  for (const auto& type :
       {arrow::null(), arrow::float16(), arrow::dictionary(arrow::int32(), arrow::utf8()),
        arrow::fixed_size_binary(0), arrow::fixed_size_binary(16)}) {
    types.push_back(type);
  }
  for (int round = 0; round < 60; ++round) {
    std::vector<std::shared_ptr<arrow::DataType>> columns;
    for (auto n = 1 + random() % 6; n > 0; --n) columns.push_back(types[random() % types.size()]);
    const int one_null_in = round % 2 == 0 ? 0 : 4;
    const auto blocks = testing::RandomBlocks(random, columns, 4, 150, one_null_in);
    std::vector<RowRef> rows;
    arrow::Int64Builder numbers;
    std::vector<int64_t> begins = {0};
    for (const Block& block : blocks) begins.push_back(begins.back() + block.num_rows());
    for (int i = begins.back() == 0 ? 0 : static_cast<int>(random() % 500); i > 0; --i) {
      const auto b = static_cast<uint32_t>(random() % blocks.size());
      if (blocks[b].num_rows() == 0) continue;
      rows.push_back({b, static_cast<uint32_t>(random() % blocks[b].num_rows())});
      ASSERT_TRUE(numbers.Append(begins[b] + rows.back().row).ok());
    }
    const auto want = arrow::compute::Take(ConcatBlocks(blocks).ValueOrDie().batch(),
                                           numbers.Finish().ValueOrDie())
                          .ValueOrDie()
                          .record_batch();
    const auto got = GatherRows(blocks, rows, arrow::default_memory_pool());
    ASSERT_TRUE(got.ok()) << got.status().ToString();
    ASSERT_TRUE(got->batch()->ValidateFull().ok()) << got->batch()->ValidateFull().ToString();
    ASSERT_TRUE(got->batch()->Equals(*want, /*check_metadata=*/false,
                                     arrow::EqualOptions().nans_equal(true)))
        << "round " << round << " " << want->schema()->ToString();
  }
}

TEST(GatherRowsTest, ViewsKeepNoOtherValues) {
  testing::Random random(32);
  const auto blocks =
      testing::RandomBlocks(random, {arrow::utf8_view(), arrow::binary_view()}, 1, 400, 4);
  std::vector<RowRef> rows;
  for (uint32_t row = 0; row < blocks[0].num_rows(); row += 7) rows.push_back({0, row});
  const Block got = GatherRows(blocks, rows, arrow::default_memory_pool()).ValueOrDie();
  ASSERT_TRUE(got.batch()->ValidateFull().ok());
  ASSERT_TRUE(got.schema()->Equals(blocks[0].schema()));
  for (int i = 0; i < got.num_columns(); ++i) {
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto at = static_cast<int64_t>(row);
      EXPECT_TRUE(got.batch()->column(i)->RangeEquals(at, at + 1, rows[row].row,
                                                      blocks[0].batch()->column(i)));
    }
  }
  EXPECT_LT(got.size_bytes(), blocks[0].size_bytes() / 4);
}

TEST(GatherRowsTest, NullTensorsBesideOthers) {
  const Block block = MakeBlock(0, 6);
  const auto tensor = block.batch()->column(3);
  auto data = tensor->data()->Copy();
  data->buffers[0] = arrow::AllocateBitmap(6).ValueOrDie();
  data->buffers[0]->mutable_data()[0] = 0b101101;
  data->null_count = 2;
  const auto schema = arrow::schema({block.schema()->field(3)});
  const std::vector<Block> blocks = {
      Block(arrow::RecordBatch::Make(schema, 6, {arrow::MakeArray(data)})),
      Block(arrow::RecordBatch::Make(schema, 6, {tensor}))};
  const std::vector<RowRef> rows = {{0, 1}, {1, 1}, {0, 5}, {0, 4}};
  const Block got = GatherRows(blocks, rows, arrow::default_memory_pool()).ValueOrDie();
  ASSERT_TRUE(got.batch()->ValidateFull().ok());
  const auto& column = *got.batch()->column(0);
  EXPECT_EQ(column.null_count(), 2);
  EXPECT_TRUE(column.IsNull(0));
  EXPECT_TRUE(column.IsNull(3));
  EXPECT_TRUE(column.RangeEquals(1, 2, 1, tensor));
  EXPECT_TRUE(column.RangeEquals(2, 3, 5, tensor));
}

TEST(GatherRowsTest, MoreBytesThanOffsetsCanCountAreAnError) {
  const Block block(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::utf8())}), 1, {[] {
                                 arrow::StringBuilder builder;
                                 EXPECT_TRUE(builder.Append(std::string(1 << 20, 'x')).ok());
                                 return builder.Finish().ValueOrDie();
                               }()}));
  const std::vector<RowRef> rows(2048);
  const Status status = GatherRows({block}, rows, arrow::default_memory_pool()).status();
  EXPECT_TRUE(status.IsCapacityError());
  EXPECT_NE(status.message().find("Column 'text': 2147483648 bytes"), std::string::npos)
      << status.ToString();
}

TEST(GatherRowsTest, NoRowsKeepTheSchema) {
  const Block got =
      GatherRows({MakeBlock(0, 3)}, std::vector<RowRef>{}, arrow::default_memory_pool())
          .ValueOrDie();
  EXPECT_EQ(got.num_rows(), 0);
  EXPECT_EQ(got.num_columns(), 4);
}

}  // namespace
}  // namespace headrace::compute
