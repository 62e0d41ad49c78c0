// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/segment.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <cstring>

#include "headrace/store/segment_pool.h"
#include "headrace/store/size_class.h"

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
  EXPECT_EQ(pool.Take((64 << 10) + 1).ValueOrDie()->capacity(), 72 << 10);
}

TEST(SegmentPoolTest, ALittleLargerOneWillDo) {
  SegmentPool pool(10 << 20);
  auto segment = pool.Take(1200 << 10).ValueOrDie();
  const uint64_t id = segment->id();
  pool.Give(std::move(segment));
  EXPECT_EQ(pool.Take(1000 << 10).ValueOrDie()->id(), id);
  pool.Give(Segment::Create(1200 << 10).ValueOrDie());
  EXPECT_EQ(pool.Take(500 << 10).ValueOrDie()->capacity(), 512 << 10) << "twice is too much";
}

TEST(SegmentPoolTest, TheOldestGoWhenThereAreTooMany) {
  SegmentPool pool(100 << 10);
  const int64_t before = Segment::live_bytes();
  auto first = pool.Take(1).ValueOrDie();
  auto second = pool.Take(1).ValueOrDie();
  const std::weak_ptr<Segment> oldest = first;
  pool.Give(std::move(first));
  pool.Give(std::move(second));
  EXPECT_EQ(pool.idle_bytes(), 64 << 10);
  EXPECT_TRUE(oldest.expired());
  EXPECT_EQ(Segment::live_bytes(), before + (64 << 10));
  EXPECT_EQ(pool.ReleaseIdle(), 64 << 10);
  EXPECT_EQ(pool.idle_bytes(), 0);
  EXPECT_EQ(Segment::live_bytes(), before);
}

TEST(SegmentPoolTest, ANewBoundHoldsAtOnce) {
  SegmentPool pool(1 << 20);
  std::vector<std::shared_ptr<Segment>> segments;
  for (int i = 0; i < 4; ++i) segments.push_back(pool.Take(1).ValueOrDie());
  for (auto& segment : segments) pool.Give(std::move(segment));
  pool.SetMaxIdle(130 << 10);
  EXPECT_EQ(pool.idle_bytes(), 128 << 10);
}

TEST(SizeClassTest, WastesAtMostAnEighthAndIsItsOwnClass) {
  for (int64_t bytes = 64 << 10; bytes < int64_t{1} << 40; bytes += bytes / 37 + 1) {
    const int64_t capacity = SizeClass(bytes, 64 << 10);
    ASSERT_GE(capacity, bytes);
    ASSERT_LE(capacity - bytes, bytes / 8) << bytes;
    ASSERT_EQ(SizeClass(capacity, 64 << 10), capacity) << bytes;
    ASSERT_EQ(capacity % 4096, 0) << bytes;
  }
  EXPECT_EQ(SizeClass(0, 64 << 10), 64 << 10);
}

}  // namespace
}  // namespace headrace::store
