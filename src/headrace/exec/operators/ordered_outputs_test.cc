// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/ordered_outputs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class OrderedOutputsTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  OrderedOutputs outputs_;
};

TEST_F(OrderedOutputsTest, HoldsALaterTaskBackUntilTheFirstHasFinished) {
  const int64_t first = outputs_.Start();
  const int64_t second = outputs_.Start();
  outputs_.Add(second, IotaBundle(*store_, 1, 20));
  outputs_.Finish(second);
  EXPECT_FALSE(outputs_.Take().has_value());
  outputs_.Add(first, IotaBundle(*store_, 1, 10));
  EXPECT_THAT(Ids(*outputs_.Take()), ElementsAre(10)) << "no need to wait for the end of the first";
  EXPECT_FALSE(outputs_.Take().has_value());
  outputs_.Finish(first);
  EXPECT_THAT(Ids(*outputs_.Take()), ElementsAre(20));
  EXPECT_TRUE(outputs_.empty());
  EXPECT_EQ(outputs_.bytes(), 0);
}

TEST_F(OrderedOutputsTest, ATaskWithoutOutputHoldsNobodyBack) {
  const int64_t first = outputs_.Start();
  const int64_t second = outputs_.Start();
  outputs_.Add(second, IotaBundle(*store_, 1));
  outputs_.Finish(first);
  EXPECT_TRUE(outputs_.Take().has_value());
  outputs_.Finish(second);
  outputs_.DropFinished();
  EXPECT_TRUE(outputs_.empty());
}

TEST_F(OrderedOutputsTest, PlacesStayValidAfterEarlierOnesHaveGone) {
  for (int64_t i = 0; i < 5; ++i) {
    const int64_t place = outputs_.Start();
    outputs_.Add(place, IotaBundle(*store_, 1, i));
    outputs_.Finish(place);
    EXPECT_THAT(Ids(*outputs_.Take()), ElementsAre(i));
  }
  EXPECT_TRUE(outputs_.empty());
}

TEST_F(OrderedOutputsTest, ClearDropsBlocksButKeepsPlaces) {
  const int64_t place = outputs_.Start();
  outputs_.Add(place, IotaBundle(*store_, 1));
  outputs_.Clear();
  EXPECT_EQ(outputs_.bytes(), 0);
  EXPECT_EQ(store_->stats().num_objects, 0);
  EXPECT_FALSE(outputs_.empty());
  outputs_.Finish(place);
  outputs_.DropFinished();
  EXPECT_TRUE(outputs_.empty());
}

}  // namespace
}  // namespace headrace::exec
