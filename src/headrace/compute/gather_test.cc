// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather.h"

#include <arrow/array/builder_binary.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/block/tensor.h"

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

TEST(GatherRowsTest, NoRowsKeepTheSchema) {
  const Block got =
      GatherRows({MakeBlock(0, 3)}, std::vector<RowRef>{}, arrow::default_memory_pool())
          .ValueOrDie();
  EXPECT_EQ(got.num_rows(), 0);
  EXPECT_EQ(got.num_columns(), 4);
}

}  // namespace
}  // namespace headrace::compute
