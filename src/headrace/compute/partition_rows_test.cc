// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/partition_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::compute {
namespace {

using testing::ElementsAre;

TEST(PartitionRowsTest, KeepsTheOrderOfRowsWithinAPart) {
  const std::vector<Block> blocks = {testkit::IotaBlock(4), testkit::IotaBlock(3, 10)};
  const PartitionedRows parts = PartitionRows({{2, 0, 2, 0}, {0, 3, 2}}, 4);
  ASSERT_EQ(parts.num_partitions(), 4);
  const auto ids = [&](int partition) {
    return testkit::Ids(
        GatherRows(blocks, parts.of(partition), arrow::default_memory_pool()).ValueOrDie());
  };
  EXPECT_THAT(ids(0), ElementsAre(1, 3, 10));
  EXPECT_THAT(ids(1), ElementsAre());
  EXPECT_THAT(ids(2), ElementsAre(0, 2, 12));
  EXPECT_THAT(ids(3), ElementsAre(11));
}

TEST(PartitionRowsTest, NoRowsAreNoRowsInEveryPart) {
  const PartitionedRows parts = PartitionRows({}, 2);
  EXPECT_TRUE(parts.of(0).empty());
  EXPECT_TRUE(parts.of(1).empty());
}

}  // namespace
}  // namespace headrace::compute
