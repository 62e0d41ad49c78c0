// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/output_buffer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::worker {
namespace {

using testkit::Ids;
using testkit::Iota;
using testkit::IotaBlock;

class CollectingOutput final : public task::TaskOutput {
 public:
  Status Put(Block block) override {
    blocks.push_back(std::move(block));
    return Status::OK();
  }
  bool cancelled() const override { return false; }
  std::vector<Block> blocks;
};

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

}  // namespace
}  // namespace headrace::worker
