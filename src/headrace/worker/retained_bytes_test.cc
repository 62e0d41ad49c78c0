// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/retained_bytes.h"

#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <gtest/gtest.h>

#include "headrace/block/layout.h"
#include "headrace/testkit/blocks.h"

namespace headrace::worker {
namespace {

using testkit::Ids;
using testkit::Iota;
using testkit::IotaBlock;

Block OneColumn(const std::shared_ptr<arrow::Array>& column) {
  return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("c", column->type())}),
                                        column->length(), arrow::ArrayVector{column}));
}

TEST(RetainedBytesTest, ASliceRetainsWhatItWasCutFrom) {
  const Block block = IotaBlock(1000);
  EXPECT_GE(RetainedBytes(block), 8000);
  EXPECT_EQ(RetainedBytes(block.Slice(10, 3)), RetainedBytes(block));
}

TEST(RetainedBytesTest, MemoryThatColumnsShareCountsOnce) {
  const auto column = IotaBlock(1000).batch()->column(0);
  const Block twice(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::int64())}), 1000,
      {column, column}));
  EXPECT_EQ(RetainedBytes(twice), RetainedBytes(OneColumn(column)));
}

TEST(RetainedBytesTest, ColumnsOfOneBodyRetainAllOfIt) {
  const Block block = testkit::WideBlock(1000, 4);
  const FlatBlock flat = *Flatten(block);
  std::shared_ptr<arrow::Buffer> body = *arrow::AllocateBuffer(flat.body_bytes());
  CopyBody(flat, body->mutable_data());
  const Block shared = *Unflatten(block.schema(), flat.description, body);
  const Block one = OneColumn(shared.batch()->column(0));
  EXPECT_EQ(RetainedBytes(one), body->capacity());
  const std::weak_ptr<arrow::Buffer> alive = body;
  body.reset();
  const Block compact = *Compact(one, arrow::default_memory_pool());
  EXPECT_LT(RetainedBytes(compact), 2 * compact.size_bytes() + 100);
  EXPECT_TRUE(compact.batch()->Equals(*one.batch()));
}

TEST(RetainedBytesTest, NothingIsCopiedOfABlockThatIsMostlyUsed) {
  const Block block = IotaBlock(10'000);
  const Block most = block.Slice(0, 6'000);
  const Block compact = *Compact(most, arrow::default_memory_pool());
  EXPECT_EQ(compact.batch(), most.batch());
}

TEST(RetainedBytesTest, ASmallPartIsCopiedToItsOwnSize) {
  const Block part = IotaBlock(10'000).Slice(100, 3);
  const Block compact = *Compact(part, arrow::default_memory_pool());
  EXPECT_LT(RetainedBytes(compact), 200);
  EXPECT_EQ(Ids(compact), Iota(3, 100));
}

}  // namespace
}  // namespace headrace::worker
