// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/output_queue.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "headrace/testkit/blocks.h"

namespace headrace::exec {
namespace {

using testing::ElementsAre;
using testkit::Ids;
using testkit::IotaBundle;

class OutputQueueTest : public testing::Test {
 protected:
  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  int rooms_ = 0;
  OutputQueue queue_{{.max_bytes = 1000, .max_blocks = 2}, [this] { ++rooms_; }};
};

TEST_F(OutputQueueTest, ReportsRoomOnlyAfterItWasFull) {
  queue_.Push(IotaBundle(*store_, 1));
  ASSERT_TRUE(queue_.HasRoom());
  EXPECT_EQ(queue_.Take()->size(), 1);
  EXPECT_EQ(rooms_, 0);
  queue_.Push(IotaBundle(*store_, 1));
  queue_.Push(IotaBundle(*store_, 1));
  EXPECT_FALSE(queue_.HasRoom());
  EXPECT_EQ(queue_.Take()->size(), 2);
  EXPECT_EQ(rooms_, 1);
  EXPECT_TRUE(queue_.HasRoom());
}

TEST_F(OutputQueueTest, IsFullByBytesToo) {
  queue_.Push(IotaBundle(*store_, 125));
  EXPECT_FALSE(queue_.HasRoom());
}

TEST_F(OutputQueueTest, GivesTheRowsBeforeTheError) {
  queue_.Push(IotaBundle(*store_, 2));
  queue_.Finish(Status::Invalid("bad"));
  const auto taken = queue_.Take();
  ASSERT_TRUE(taken.ok());
  EXPECT_THAT(Ids(*taken), ElementsAre(0, 1));
  EXPECT_TRUE(queue_.Take().status().IsInvalid());
}

TEST_F(OutputQueueTest, TheFirstEndCounts) {
  queue_.Finish(Status::OK());
  queue_.Finish(Status::Invalid("late"));
  const auto taken = queue_.Take();
  ASSERT_TRUE(taken.ok());
  EXPECT_TRUE(taken->empty());
}

TEST_F(OutputQueueTest, AWaitingConsumerIsWokenByOutputAndByTheEnd) {
  std::thread producer([&] { queue_.Push(IotaBundle(*store_, 1)); });
  EXPECT_EQ(queue_.Take()->size(), 1);
  producer.join();
  producer = std::thread([&] { queue_.Finish(Status::OK()); });
  EXPECT_TRUE(queue_.Take()->empty());
  producer.join();
}

TEST_F(OutputQueueTest, WaitReadySaysWhetherTakeWouldReturnAtOnce) {
  EXPECT_FALSE(queue_.WaitReady(std::chrono::milliseconds(0)));
  queue_.Push(IotaBundle(*store_, 1));
  EXPECT_TRUE(queue_.WaitReady(std::chrono::milliseconds(0)));
}

}  // namespace
}  // namespace headrace::exec
