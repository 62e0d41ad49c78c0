// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>

#include "headrace/store/segment_pool.h"

namespace headrace::store {
namespace {

TEST(SegmentTest, AnotherMappingSeesTheBytesAndCannotWrite) {
  const auto segment = Segment::Create(4096).ValueOrDie();
  std::memcpy(segment->mutable_data(), "hello", 5);
  UniqueFd copy(fcntl(segment->fd(), F_DUPFD_CLOEXEC, 0));
  const auto mapped = Segment::Map(segment->id(), std::move(copy), 4096).ValueOrDie();
  EXPECT_EQ(std::memcmp(mapped->data(), "hello", 5), 0);
  EXPECT_EQ(mapped->mutable_data(), nullptr);
  EXPECT_EQ(mapped->id(), segment->id());
}

TEST(SegmentTest, IdsDiffer) {
  EXPECT_NE(Segment::Create(1).ValueOrDie()->id(), Segment::Create(1).ValueOrDie()->id());
}

TEST(SegmentTest, MappingSomethingElseIsAnError) {
  EXPECT_FALSE(Segment::Map(1, UniqueFd(-1), 4096).ok());
}

TEST(SegmentTest, ABufferKeepsItsSegmentAndReportsItsEnd) {
  auto segment = Segment::Create(4096).ValueOrDie();
  const std::weak_ptr<Segment> watch = segment;
  int released = 0;
  auto buffer = SegmentBuffer(std::move(segment), 10, [&] { ++released; });
  EXPECT_EQ(buffer->size(), 10);
  auto slice = arrow::SliceBuffer(buffer, 2, 3);
  buffer.reset();
  EXPECT_EQ(released, 0);
  EXPECT_FALSE(watch.expired());
  slice.reset();
  EXPECT_EQ(released, 1);
  EXPECT_TRUE(watch.expired());
}

TEST(SegmentPoolTest, GivesTheSameSegmentAgain) {
  SegmentPool pool(1 << 20);
  auto segment = pool.Take(100).ValueOrDie();
  EXPECT_EQ(segment->capacity(), 64 << 10);
  const uint64_t id = segment->id();
  pool.Give(std::move(segment));
  EXPECT_EQ(pool.idle_bytes(), 64 << 10);
  segment = pool.Take(64 << 10).ValueOrDie();
  EXPECT_EQ(segment->id(), id);
  EXPECT_EQ(pool.idle_bytes(), 0);
  EXPECT_EQ(pool.Take((64 << 10) + 1).ValueOrDie()->capacity(), 128 << 10);
}

TEST(SegmentPoolTest, DropsWhatItMayNotKeep) {
  SegmentPool pool(100 << 10);
  auto first = pool.Take(1).ValueOrDie();
  auto second = pool.Take(1).ValueOrDie();
  const std::weak_ptr<Segment> watch = second;
  pool.Give(std::move(first));
  pool.Give(std::move(second));
  EXPECT_EQ(pool.idle_bytes(), 64 << 10);
  EXPECT_TRUE(watch.expired());
}

}  // namespace
}  // namespace headrace::store
