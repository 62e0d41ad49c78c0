// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/sort_rows.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "headrace/compute/random_blocks.h"
#include "headrace/compute/row_places.h"

namespace headrace::compute {
namespace {

namespace cp = arrow::compute;

std::vector<int64_t> Numbers(const std::vector<Block>& blocks, std::span<const RowRef> rows) {
  const RowPlaces places(blocks);
  std::vector<int64_t> numbers;
  for (const RowRef& row : rows) numbers.push_back(places.begin(row.block) + row.row);
  return numbers;
}

std::vector<int64_t> Sorted(const std::vector<Block>& blocks, const std::vector<SortColumn>& keys,
                            int64_t limit = -1) {
  auto rows = SortRows(blocks, keys, limit, arrow::default_memory_pool());
  EXPECT_TRUE(rows.ok()) << rows.status().ToString();
  return Numbers(blocks, *rows);
}

/// By Arrow, whose sort of a batch keeps equal rows in order.
std::vector<int64_t> ArrowSorted(const std::vector<Block>& blocks,
                                 const std::vector<SortColumn>& keys) {
  std::vector<cp::SortKey> sort_keys;
  for (const SortColumn& key : keys) {
    sort_keys.emplace_back(key.name,
                           key.descending ? cp::SortOrder::Descending : cp::SortOrder::Ascending);
  }
  const auto batch = ConcatBlocks(blocks).ValueOrDie().batch();
  const auto indices = cp::SortIndices(batch, cp::SortOptions(sort_keys)).ValueOrDie();
  const auto& typed = static_cast<const arrow::UInt64Array&>(*indices);
  return {typed.raw_values(), typed.raw_values() + typed.length()};
}

TEST(SortRowsTest, EqualsArrowOnRandomBlocks) {
  testing::Random random(11);
  const auto types = testing::SortableTypes();
  for (int round = 0; round < 150; ++round) {
    std::vector<std::shared_ptr<arrow::DataType>> columns;
    std::vector<SortColumn> keys;
    for (auto n = 1 + random() % 3; n > 0; --n) {
      keys.push_back({"c" + std::to_string(columns.size()), random() % 2 == 0});
      columns.push_back(types[random() % types.size()]);
    }
    const auto blocks = testing::RandomBlocks(random, columns, 1 + random() % 6, 300,
                                              static_cast<int>(random() % 2) * 5);
    const auto want = ArrowSorted(blocks, keys);
    ASSERT_EQ(Sorted(blocks, keys), want) << "round " << round;
    const auto limit = static_cast<int64_t>(random() % (want.size() + 10));
    const auto first = std::min(want.size(), static_cast<size_t>(limit));
    ASSERT_EQ(Sorted(blocks, keys, limit),
              std::vector<int64_t>(want.begin(), want.begin() + static_cast<int64_t>(first)))
        << "round " << round << " limit " << limit;
  }
}

TEST(SortRowsTest, NumbersOfAllShapes) {
  testing::Random random(3);
  const auto block_of = [](const std::vector<int64_t>& values) {
    arrow::Int64Builder builder;
    EXPECT_TRUE(builder.AppendValues(values).ok());
    return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("x", arrow::int64())}),
                                          static_cast<int64_t>(values.size()),
                                          {builder.Finish().ValueOrDie()}));
  };
  for (int shape = 0; shape < 6; ++shape) {
    std::vector<int64_t> values(20000);
    for (size_t i = 0; i < values.size(); ++i) {
      const auto any = static_cast<int64_t>(random());
      values[i] = shape == 0   ? any
                  : shape == 1 ? any % 10
                  : shape == 2 ? static_cast<int64_t>(i)
                  : shape == 3 ? (i % 2 == 0 ? 0 : any)        // half the rows share a key
                  : shape == 4 ? (any & 0xFF) | (i % 2 << 62)  // far apart, dense at both ends
                               : int64_t{1} << (random() % 64);
    }
    const std::vector<Block> blocks = {block_of(values)};
    ASSERT_EQ(Sorted(blocks, {{"x"}}), ArrowSorted(blocks, {{"x"}})) << "shape " << shape;
  }
}

TEST(SortRowsTest, LongStringsWithLongCommonParts) {
  testing::Random random(4);
  arrow::StringBuilder builder;
  for (int i = 0; i < 5000; ++i) {
    std::string value = "https://example.org/" + std::string(random() % 3 * 40, 'x');
    if (i % 3 == 0) value += std::to_string(random() % 50);
    ASSERT_TRUE(builder.Append(value + std::string(random() % 2 * 30, 'y')).ok());
  }
  const std::vector<Block> blocks = {Block(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("x", arrow::utf8())}), 5000, {builder.Finish().ValueOrDie()}))};
  EXPECT_EQ(Sorted(blocks, {{"x"}}), ArrowSorted(blocks, {{"x"}}));
  EXPECT_EQ(Sorted(blocks, {{"x", true}}), ArrowSorted(blocks, {{"x", true}}));
}

TEST(SortRowsTest, NoRows) {
  testing::Random random(1);
  EXPECT_TRUE(Sorted(testing::RandomBlocks(random, {arrow::int64()}, 2, 0, 0), {{"c0"}}).empty());
  EXPECT_TRUE(Sorted(testing::RandomBlocks(random, {arrow::utf8()}, 2, 0, 0), {{"c0"}}).empty());
}

}  // namespace
}  // namespace headrace::compute
