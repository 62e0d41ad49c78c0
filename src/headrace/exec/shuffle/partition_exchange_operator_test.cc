// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/partition_exchange_operator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/task/exchange.h"
#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBlock;

class PartitionExchangeOperatorTest : public testing::Test {
 protected:
  /// Rows `begin`, `begin` + 1, … of a partition.
  Status Add(PartitionExchangeOperator& op, int partition, int64_t begin, int64_t rows,
             int input = 0) {
    return op.AddInput(RefBundle(task::PutBlock(*store_, task::WithTag(IotaBlock(rows, begin),
                                                                       {.partition = partition}))),
                       input);
  }
  static std::vector<std::vector<int64_t>> TakeAll(PhysicalOperator& op) {
    std::vector<std::vector<int64_t>> bundles;
    while (auto bundle = op.TakeOutput()) bundles.push_back(Ids(*bundle));
    return bundles;
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(PartitionExchangeOperatorTest, GivesEachPartitionOnceAllHasArrived) {
  PartitionExchangeOperator op({.name = "x", .num_partitions = 3});
  ASSERT_TRUE(Add(op, 2, 0, 2).ok());
  ASSERT_TRUE(Add(op, 0, 10, 1).ok());
  ASSERT_TRUE(Add(op, 2, 5, 1).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  EXPECT_GT(op.output_bytes(), 0);
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_THAT(TakeAll(op), ElementsAre(ElementsAre(10), ElementsAre(), ElementsAre(0, 1, 5)));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(op.output_bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(PartitionExchangeOperatorTest, SmallNeighboursShareABundleAndEmptyOnesHaveNone) {
  const int64_t row = IotaBlock(1).size_bytes();
  PartitionExchangeOperator op({.name = "x", .num_partitions = 5, .min_bundle_bytes = 2 * row});
  ASSERT_TRUE(Add(op, 0, 0, 1).ok());
  ASSERT_TRUE(Add(op, 2, 2, 1).ok());
  ASSERT_TRUE(Add(op, 3, 3, 2).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_THAT(TakeAll(op), ElementsAre(ElementsAre(0, 2), ElementsAre(3, 4)));
  EXPECT_TRUE(op.Done());
  EXPECT_EQ(store_->stats().num_objects, 0);
}

TEST_F(PartitionExchangeOperatorTest, ManyPartitionsShareAsManyBundlesAsAreWanted) {
  const int64_t row = IotaBlock(1).size_bytes();
  PartitionExchangeOptions options;
  options.num_partitions = 12;
  options.min_bundle_bytes = 1;
  options.num_bundles = 3;
  options.max_bundle_bytes = 100 * row;
  const auto bundles = [&] {
    PartitionExchangeOperator op(options);
    for (int p = 0; p < 12; ++p) EXPECT_TRUE(Add(op, p, p, 1).ok());
    EXPECT_TRUE(op.InputDone(0).ok());
    return TakeAll(op).size();
  };
  EXPECT_EQ(bundles(), 3);
  options.max_bundle_bytes = 2 * row;
  EXPECT_EQ(bundles(), 6);
}

TEST_F(PartitionExchangeOperatorTest, WithoutRowsOneBundleTellsTheSchema) {
  PartitionExchangeOperator op({.name = "x", .num_partitions = 4, .min_bundle_bytes = 1});
  ASSERT_TRUE(Add(op, 0, 0, 0).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  const auto bundle = op.TakeOutput();
  ASSERT_TRUE(bundle.has_value());
  EXPECT_EQ(bundle->num_rows(), 0);
  EXPECT_EQ(bundle->blocks().front().schema()->field_names(), std::vector<std::string>{"id"});
  EXPECT_TRUE(op.Done());
}

TEST_F(PartitionExchangeOperatorTest, SaysWhichBlocksAreOfWhichInput) {
  PartitionExchangeOperator op(
      {.name = "x", .num_inputs = 2, .num_partitions = 2, .min_bundle_bytes = 1});
  ASSERT_TRUE(Add(op, 0, 0, 1, 0).ok());
  ASSERT_TRUE(Add(op, 0, 1, 1, 0).ok());
  ASSERT_TRUE(Add(op, 1, 2, 1, 0).ok());
  ASSERT_TRUE(Add(op, 0, 10, 1, 1).ok());
  ASSERT_TRUE(op.InputDone(0).ok());
  EXPECT_FALSE(op.TakeOutput().has_value());
  ASSERT_TRUE(op.InputDone(1).ok());
  const auto first = op.TakeOutput();
  ASSERT_TRUE(first.has_value());
  EXPECT_THAT(Ids(*first), ElementsAre(0, 1, 10));
  EXPECT_THAT(*task::DeserializeBlockCounts(first->argument()), ElementsAre(2, 1));
  const auto second = op.TakeOutput();
  ASSERT_TRUE(second.has_value());
  EXPECT_THAT(*task::DeserializeBlockCounts(second->argument()), ElementsAre(1, 1))
      << "the empty side's block has its schema";
}

TEST_F(PartitionExchangeOperatorTest, RefusesBlocksOfNoPartition) {
  PartitionExchangeOperator op({.name = "x", .num_partitions = 2});
  EXPECT_TRUE(Add(op, 2, 0, 1).IsInvalid());
  EXPECT_TRUE(op.AddInput(testkit::IotaBundle(*store_, 1), 0).IsInvalid());
}

TEST_F(PartitionExchangeOperatorTest, LetsGoWhenNobodyWantsMore) {
  PartitionExchangeOperator op({.name = "x", .num_partitions = 2});
  ASSERT_TRUE(Add(op, 0, 0, 4).ok());
  op.OutputNotWanted();
  EXPECT_TRUE(op.Done());
  EXPECT_FALSE(op.WantsInput(0));
  EXPECT_EQ(store_->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::exec
