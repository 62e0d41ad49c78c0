// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/partition_steps.h"

#include <arrow/type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "headrace/compute/hash_rows.h"
#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/collecting_output.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::worker {
namespace {

using testing::ElementsAre;
using testkit::CollectingOutput;
using testkit::Ids;
using testkit::IotaBlock;

class HashPartitionStepTest : public testing::Test {
 protected:
  Status Run(const HashPartitionStepSpec& spec, const std::vector<Block>& inputs) {
    const TransformChain chain("chain", {std::make_shared<HashPartitionStepSpec>(spec)}, {});
    // Through its bytes, as to another process.
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, chain.Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto again, TransformChain::Deserialize(bytes));
    ARROW_ASSIGN_OR_RAISE(const auto runner, again->MakeRunner());
    return runner->Run(inputs, {}, out_, &stats_);
  }
  int Partition(size_t block) {
    return task::TagOf(*out_.blocks[block].schema()).ValueOrDie().partition;
  }
  CollectingOutput out_;
  task::TaskStats stats_;
};

TEST_F(HashPartitionStepTest, PutsEveryRowIntoThePartitionOfItsHash) {
  ASSERT_TRUE(Run({{"id"}, 4, 1 << 20}, {IotaBlock(500), IotaBlock(500, 500)}).ok());
  ASSERT_EQ(out_.blocks.size(), 4);  // one flush
  std::set<int64_t> seen;
  for (size_t i = 0; i < 4; ++i) {
    std::vector<uint64_t> hashes;
    const std::vector<std::string> id = {"id"};
    ASSERT_TRUE(compute::HashRows(out_.blocks[i], id, &hashes).ok());
    for (const uint64_t hash : hashes) EXPECT_EQ(compute::PartitionOf(hash, 4), Partition(i));
    const auto ids = Ids(out_.blocks[i]);
    EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end())) << "rows keep their order";
    seen.insert(ids.begin(), ids.end());
  }
  EXPECT_EQ(seen.size(), 1000);
}

TEST_F(HashPartitionStepTest, FlushesWhenEnoughIsCollectedAndSkipsEmptyPartitions) {
  ASSERT_TRUE(Run({{"id"}, 1000, 1}, {IotaBlock(1), IotaBlock(0), IotaBlock(1)}).ok());
  ASSERT_EQ(out_.blocks.size(), 2);
  EXPECT_EQ(Partition(0), Partition(1));
}

TEST_F(HashPartitionStepTest, WithoutKeysEverythingIsInTheFirstPartition) {
  ASSERT_TRUE(Run({{}, 4, 1 << 20}, {IotaBlock(2), IotaBlock(2, 2)}).ok());
  ASSERT_EQ(out_.blocks.size(), 1);
  EXPECT_EQ(Partition(0), 0);
  EXPECT_THAT(out_.Rows(), ElementsAre(0, 1, 2, 3));
}

TEST_F(HashPartitionStepTest, ATaskWithoutRowsGivesItsSchema) {
  ASSERT_TRUE(Run({{"id"}, 4, 1 << 20}, {Block(), IotaBlock(0)}).ok());
  ASSERT_EQ(out_.blocks.size(), 1);
  EXPECT_EQ(Partition(0), 0);
  EXPECT_EQ(out_.blocks[0].num_rows(), 0);
  EXPECT_EQ(out_.blocks[0].schema()->field_names(), (std::vector<std::string>{"id"}));
  out_.blocks.clear();
  ASSERT_TRUE(Run({{"id"}, 4, 1 << 20}, {}).ok());
  EXPECT_EQ(Partition(0), 0);
}

TEST_F(HashPartitionStepTest, RejectsAMissingKeyAndNoPartitions) {
  EXPECT_TRUE(Run({{"nothing"}, 4, 1}, {IotaBlock(1)}).IsKeyError());
  EXPECT_TRUE(Run({{"id"}, 0, 1}, {IotaBlock(1)}).IsInvalid());
}

}  // namespace
}  // namespace headrace::worker
