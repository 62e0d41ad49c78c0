// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/output_buffer.h"

#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/retained_bytes.h"

namespace headrace::worker {
namespace {

using testkit::CollectingOutput;
using testkit::Ids;
using testkit::Iota;
using testkit::IotaBlock;

class OutputBufferTest : public testing::Test {
 protected:
  OutputBuffer Make(BlockSizes sizes) { return {out_, sizes, arrow::default_memory_pool()}; }
  CollectingOutput out_;
};

TEST_F(OutputBufferTest, JoinsSmallBlocksUpToTheLeastSize) {
  OutputBuffer buffer = Make({.join_below_bytes = 64});
  for (int64_t i = 0; i < 10; ++i) ASSERT_TRUE(buffer.Put(IotaBlock(2, 2 * i)).ok());
  ASSERT_TRUE(buffer.Finish().ok());
  ASSERT_EQ(out_.blocks.size(), 3);
  EXPECT_EQ(Ids(out_.blocks[0]), Iota(8));
  EXPECT_EQ(Ids(out_.blocks[1]), Iota(8, 8));
  EXPECT_EQ(Ids(out_.blocks[2]), Iota(4, 16));
  EXPECT_EQ(buffer.rows_out(), 20);
  EXPECT_EQ(buffer.bytes_out(), 160);
  EXPECT_EQ(buffer.blocks_out(), 3);
}

TEST_F(OutputBufferTest, JoinsNothingWhenItMayNot) {
  OutputBuffer buffer = Make({.join_below_bytes = 0});
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(buffer.Put(IotaBlock(1, i)).ok());
  EXPECT_EQ(out_.blocks.size(), 3);
}

TEST_F(OutputBufferTest, SplitsOnlyWhatIsWellAboveTheTarget) {
  OutputBuffer buffer = Make({.join_below_bytes = 0, .target_max_bytes = 64});
  ASSERT_TRUE(buffer.Put(IotaBlock(12)).ok());
  EXPECT_EQ(out_.blocks.size(), 1) << "one and a half times the target";
  ASSERT_TRUE(buffer.Put(IotaBlock(13)).ok());
  ASSERT_EQ(out_.blocks.size(), 3);
  EXPECT_EQ(Ids(out_.blocks[1]), Iota(8));
  EXPECT_EQ(Ids(out_.blocks[2]), Iota(5, 8));
  EXPECT_EQ(buffer.blocks_out(), 3);
}

TEST_F(OutputBufferTest, DoesNotJoinDifferentSchemas) {
  OutputBuffer buffer = Make({.join_below_bytes = 1 << 20});
  ASSERT_TRUE(buffer.Put(IotaBlock(1)).ok());
  ASSERT_TRUE(buffer.Put(testkit::WideBlock(1, 2)).ok());
  ASSERT_TRUE(buffer.Finish().ok());
  ASSERT_EQ(out_.blocks.size(), 2);
  EXPECT_EQ(out_.blocks[1].num_columns(), 2);
}

TEST_F(OutputBufferTest, ATaskWithoutRowsGivesOneEmptyBlockForItsSchema) {
  OutputBuffer buffer = Make({});
  ASSERT_TRUE(buffer.Put(Block()).ok());
  ASSERT_TRUE(buffer.Put(IotaBlock(0)).ok());
  ASSERT_TRUE(buffer.Put(Block()).ok());
  ASSERT_TRUE(buffer.Finish().ok());
  ASSERT_EQ(out_.blocks.size(), 1);
  EXPECT_EQ(out_.blocks[0].schema()->field_names(), std::vector<std::string>{"id"});
}

TEST_F(OutputBufferTest, EmptyBlocksBesideRowsAreLeftOut) {
  OutputBuffer buffer = Make({});
  ASSERT_TRUE(buffer.Put(IotaBlock(0)).ok());
  ASSERT_TRUE(buffer.Put(IotaBlock(1)).ok());
  ASSERT_TRUE(buffer.Finish().ok());
  EXPECT_EQ(out_.blocks.size(), 1);
}

TEST_F(OutputBufferTest, HoldsBackNoMoreThanTheTarget) {
  OutputBuffer buffer = Make({.join_below_bytes = 1 << 20, .target_max_bytes = 64});
  for (int64_t i = 0; i < 4; ++i) ASSERT_TRUE(buffer.Put(IotaBlock(5, 5 * i)).ok());
  EXPECT_EQ(out_.blocks.size(), 3) << "40 bytes each: two of them would pass the target";
  ASSERT_TRUE(buffer.Finish().ok());
  ASSERT_EQ(out_.blocks.size(), 4);
  EXPECT_EQ(Ids(out_.blocks[3]), Iota(5, 15));
}

TEST_F(OutputBufferTest, OneRowAboveTheTargetIsABlockOfItsOwn) {
  arrow::StringBuilder builder;
  ASSERT_TRUE(builder.Append("a").ok() && builder.Append(std::string(1000, 'x')).ok() &&
              builder.Append("b").ok());
  const auto text = *builder.Finish();
  const Block block(
      arrow::RecordBatch::Make(arrow::schema({arrow::field("text", arrow::utf8())}), 3, {text}));
  OutputBuffer buffer = Make({.join_below_bytes = 0, .target_max_bytes = 100});
  for (int64_t row = 0; row < 3; ++row) ASSERT_TRUE(buffer.Put(block.Slice(row, 1)).ok());
  ASSERT_EQ(out_.blocks.size(), 3);
  EXPECT_GT(out_.blocks[1].size_bytes(), 1000);
  EXPECT_EQ(out_.blocks[2].num_rows(), 1);
}

TEST_F(OutputBufferTest, ABatchOfSeveralTargetsIsCutIntoPartsThatDoNotKeepItAlive) {
  constexpr int64_t kRows = 100'000;
  OutputBuffer buffer = Make({.join_below_bytes = 0, .target_max_bytes = 8 * kRows / 10});
  Block block = IotaBlock(kRows);
  const std::weak_ptr<arrow::Buffer> memory = block.batch()->column_data(0)->buffers[1];
  ASSERT_TRUE(buffer.Put(std::move(block)).ok());
  ASSERT_EQ(out_.blocks.size(), 10);
  EXPECT_TRUE(memory.expired());
  std::vector<int64_t> ids;
  for (const Block& part : out_.blocks) {
    EXPECT_LE(RetainedBytes(part), 2 * part.size_bytes() + (4 << 10));
    for (const int64_t id : Ids(part)) ids.push_back(id);
  }
  EXPECT_EQ(ids, Iota(kRows));
}

TEST_F(OutputBufferTest, PartsAreSharedWhereTheOutputIsCopiedAnyway) {
  OutputBuffer buffer = Make({.join_below_bytes = 0, .target_max_bytes = 8000, .compact = false});
  const Block block = IotaBlock(10'000);
  const uint8_t* const begin = block.batch()->column_data(0)->buffers[1]->data();
  ASSERT_TRUE(buffer.Put(block).ok());
  ASSERT_EQ(out_.blocks.size(), 10);
  EXPECT_EQ(out_.blocks[5].batch()->column_data(0)->buffers[1]->data(), begin);
}

/// What a selective filter leaves: some rows of many blocks, as slices.
TEST_F(OutputBufferTest, SurvivorsOfLargeBlocksDoNotKeepThoseAlive) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 50; ++round) {
    out_.blocks.clear();
    const auto join_below = static_cast<int64_t>(random() % 20'000);
    OutputBuffer buffer = Make({.join_below_bytes = join_below, .target_max_bytes = 30'000});
    std::vector<int64_t> expected;
    int64_t first = 0;
    for (int i = 0; i < 20; ++i) {
      const auto rows = static_cast<int64_t>(1 + random() % 20'000);
      const auto offset = static_cast<int64_t>(random() % rows);
      const auto length =
          std::min<int64_t>(rows - offset, random() % 2 == 0 ? rows : 1 + random() % 5);
      ASSERT_TRUE(buffer.Put(IotaBlock(rows, first).Slice(offset, length)).ok());
      for (int64_t id = 0; id < length; ++id) expected.push_back(first + offset + id);
      first += rows;
    }
    ASSERT_TRUE(buffer.Finish().ok());
    std::vector<int64_t> ids;
    for (const Block& block : out_.blocks) {
      EXPECT_LE(RetainedBytes(block), 2 * block.size_bytes() + (4 << 10));
      for (const int64_t id : Ids(block)) ids.push_back(id);
    }
    ASSERT_EQ(ids, expected) << "round " << round;
  }
}

}  // namespace
}  // namespace headrace::worker
