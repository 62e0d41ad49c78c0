// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/stored_refs.h"

#include <gtest/gtest.h>

#include "headrace/plan/row_count_of.h"
#include "headrace/plan/schema_of.h"
#include "headrace/planner/planner.h"
#include "headrace/testkit/blocks.h"

namespace headrace::planner {
namespace {

class StoredRefsTest : public testing::Test {
 protected:
  task::BlockRef Put(Block block) { return task::PutBlock(*store_, std::move(block)); }
  static plan::LogicalOperatorPtr Input(std::vector<task::BlockRef> refs) {
    return std::make_shared<plan::InputData>("Input",
                                             StoredRefs::Make(std::move(refs)).ValueOrDie());
  }
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
};

TEST_F(StoredRefsTest, APlanKnowsRowsBytesAndSchema) {
  const auto input = Input({Put(testkit::IotaBlock(3)), Put(Block()), Put(testkit::IotaBlock(2))});
  EXPECT_EQ(plan::RowCountOf(input).ValueOrDie(), 5);
  EXPECT_EQ(plan::SizeEstimateOf(input).ValueOrDie(), 40);
  EXPECT_EQ(plan::SchemaOf(input).ValueOrDie()->field_names(), std::vector<std::string>{"id"});
  EXPECT_FALSE(plan::As<plan::InputData>(input)->says_nothing());
  EXPECT_EQ(plan::RowCountOf(input->WithInputs({})).ValueOrDie(), 5);
}

TEST_F(StoredRefsTest, NoBlocksSayNothing) {
  EXPECT_TRUE(plan::As<plan::InputData>(Input({}))->says_nothing());
  EXPECT_TRUE(plan::As<plan::InputData>(Input({Put(Block())}))->says_nothing());
}

TEST_F(StoredRefsTest, ARunGetsTheSameObjects) {
  const std::vector<task::BlockRef> refs = {Put(testkit::IotaBlock(3)), Put(testkit::IotaBlock(2))};
  PlanContext context;
  context.store = task::MakeBlockStore(-1);
  const auto node = PlanInputData(Input(refs), context).ValueOrDie();
  ASSERT_EQ(node->bundles.size(), 2);
  EXPECT_EQ(node->bundles[0].blocks().front().object, refs[0].object);
  EXPECT_EQ(node->bundles[1].blocks().front().object, refs[1].object);
  EXPECT_EQ(context.store->stats().num_objects, 0);
}

}  // namespace
}  // namespace headrace::planner
