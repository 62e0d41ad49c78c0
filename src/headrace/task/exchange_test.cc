// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/exchange.h"

#include <arrow/util/key_value_metadata.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::task {
namespace {

TEST(ExchangeTagTest, TravelsWithTheBlockAndLeavesItsRowsAlone) {
  const Block block = testkit::IotaBlock(3);
  const std::string zero("\0\1", 2);
  const Block tagged = WithTag(WithTag(block, {.partition = 1}), {.partition = 7,
                                                                  .holds_states = true,
                                                                  .starts_run = true,
                                                                  .first_key = zero,
                                                                  .last_key = "z"});
  const ExchangeTag tag = TagOf(*tagged.schema()).ValueOrDie();
  EXPECT_EQ(tag.partition, 7);
  EXPECT_TRUE(tag.holds_states);
  EXPECT_TRUE(tag.starts_run);
  EXPECT_EQ(tag.first_key, zero);
  EXPECT_EQ(tag.last_key, "z");
  EXPECT_EQ(testkit::Ids(tagged), testkit::Ids(block));
  EXPECT_TRUE(WithoutTag(tagged).schema()->Equals(*block.schema(), /*check_metadata=*/true));
}

TEST(ExchangeTagTest, KeepsOtherMetadata) {
  const Block block(testkit::IotaBlock(1).batch()->ReplaceSchemaMetadata(
      arrow::KeyValueMetadata::Make({"from"}, {"afar"})));
  const Block back = WithoutTag(WithTag(block, {.partition = 2}));
  EXPECT_TRUE(back.schema()->Equals(*block.schema(), /*check_metadata=*/true));
}

TEST(ExchangeTagTest, CutsLongKeys) {
  const Block tagged = WithTag(testkit::IotaBlock(1), {.first_key = std::string(1000, 'a')});
  EXPECT_EQ(TagOf(*tagged.schema()).ValueOrDie().first_key.size(), ExchangeTag::kMaxKeyBytes);
}

TEST(ExchangeTagTest, BlocksWithoutOneAreRefused) {
  EXPECT_TRUE(TagOf(*testkit::IotaBlock(1).schema()).status().IsInvalid());
}

TEST(MergeRangeTest, Travels) {
  MergeRange range;
  range.low = {"a", 3};
  range.high = {"b", 0};
  range.has_high = true;
  range.runs = {{0, 2}, {5, 1}};
  const std::string bytes = range.Serialize();
  const MergeRange back = MergeRange::Deserialize(bytes).ValueOrDie();
  EXPECT_EQ(back.low, range.low);
  EXPECT_EQ(back.high, range.high);
  EXPECT_TRUE(back.has_high);
  EXPECT_EQ(back.runs, range.runs);
  EXPECT_FALSE(MergeRange::Deserialize(bytes.substr(0, bytes.size() - 1)).ok());
  EXPECT_FALSE(MergeRange::Deserialize(bytes + "x").ok());
}

TEST(ExchangeArgumentTest, Travels) {
  EXPECT_EQ(DeserializeBlockCounts(SerializeBlockCounts({3, 0, 9})).ValueOrDie(),
            (std::vector<int64_t>{3, 0, 9}));
  EXPECT_EQ(DeserializeFirstRow(SerializeFirstRow(1LL << 40)).ValueOrDie(), 1LL << 40);
  EXPECT_FALSE(DeserializeFirstRow("").ok());
}

}  // namespace
}  // namespace headrace::task
