// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/block_exchange.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/testkit/blocks.h"

namespace headrace::backend {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testkit::Ids;

/// An encoder and a decoder with what travels between them.
class BlockExchangeTest : public testing::Test {
 protected:
  void WriteInline(const Block& block) {
    const FlatBlock flat = Flatten(block).ValueOrDie();
    ASSERT_TRUE(encoder_.WriteInline(block, flat, &out_).ok());
  }
  void WriteShared(const task::BlockRef& ref) {
    encoder_.WriteShared(ref.object->Share().ValueOrDie(), ref.offset, ref.num_rows, &out_, &fds_);
  }
  task::BlockRef Put(int64_t rows, int64_t begin = 0) {
    return task::PutBlock(*store_, testkit::IotaBlock(rows, begin));
  }
  /// What was written since the last call, at the other end.
  Result<std::vector<DecodedBlock>> ReadAll() {
    const std::string bytes = out_.Take();
    out_ = WireWriter();
    WireReader in(bytes);
    std::deque<UniqueFd> fds = TakeFds();
    std::vector<DecodedBlock> blocks;
    while (!in.AtEnd()) {
      ARROW_ASSIGN_OR_RAISE(DecodedBlock block, decoder_.Read(&in, &fds));
      blocks.push_back(std::move(block));
    }
    EXPECT_TRUE(fds.empty());
    return blocks;
  }
  std::deque<UniqueFd> TakeFds() {
    std::deque<UniqueFd> copies;
    for (const int fd : fds_) copies.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, 0));
    fds_.clear();
    return copies;
  }

  std::shared_ptr<store::ObjectStore> store_ = task::MakeBlockStore(-1);
  std::vector<uint64_t> released_;
  BlockEncoder encoder_;
  BlockDecoder decoder_{[this](uint64_t id) { released_.push_back(id); }};
  WireWriter out_;
  std::vector<int> fds_;
};

TEST_F(BlockExchangeTest, SmallBlocksTravelInsideTheMessage) {
  WriteInline(testkit::IotaBlock(3));
  const size_t first = out_.bytes().size();
  WriteInline(testkit::IotaBlock(3, 3));
  EXPECT_LT(out_.bytes().size(), 2 * first) << "the schema travels once";
  const auto blocks = ReadAll().ValueOrDie();
  ASSERT_EQ(blocks.size(), 2);
  EXPECT_THAT(Ids(blocks[0].block), ElementsAre(0, 1, 2));
  EXPECT_THAT(Ids(blocks[1].block), ElementsAre(3, 4, 5));
  EXPECT_EQ(blocks[0].shared.segment, nullptr);
}

TEST_F(BlockExchangeTest, ASchemaIsSentAgainWhenItChanges) {
  WriteInline(testkit::IotaBlock(1));
  WriteInline(testkit::WideBlock(1, 4));
  WriteInline(testkit::IotaBlock(1));
  const auto blocks = ReadAll().ValueOrDie();
  EXPECT_EQ(blocks[0].block.num_columns(), 1);
  EXPECT_TRUE(blocks[1].block.batch()->Equals(*testkit::WideBlock(1, 4).batch()));
  EXPECT_EQ(blocks[2].block.num_columns(), 1);
}

TEST_F(BlockExchangeTest, ASegmentIsMappedOnceAndItsSlicesAreRead) {
  const task::BlockRef whole = Put(100);
  task::BlockRef slice = whole;
  slice.offset = 10;
  slice.num_rows = 3;
  slice.whole = false;
  WriteShared(whole);
  EXPECT_EQ(fds_.size(), 1);
  WriteShared(slice);
  EXPECT_EQ(fds_.size(), 1) << "the descriptor travels once";
  auto blocks = ReadAll().ValueOrDie();
  EXPECT_EQ(blocks[0].block.num_rows(), 100);
  EXPECT_THAT(Ids(blocks[1].block), ElementsAre(10, 11, 12));
  EXPECT_EQ(blocks[0].shared.segment, blocks[1].shared.segment);
  const uint64_t segment = blocks[0].shared.segment->id();
  EXPECT_THAT(released_, IsEmpty());
  blocks.clear();
  EXPECT_THAT(released_, ElementsAre(segment, segment)) << "once per block";
}

TEST_F(BlockExchangeTest, ASegmentCanBeIntroducedAheadOfItsBlocks) {
  const task::BlockRef ref = Put(10);
  const auto segment = ref.object->Share().ValueOrDie().segment;
  EXPECT_FALSE(encoder_.Knows(*segment));
  encoder_.Introduce(segment, &out_, &fds_);
  EXPECT_TRUE(encoder_.Knows(*segment));
  const std::string introduction = out_.Take();
  out_ = WireWriter();
  WireReader in(introduction);
  std::deque<UniqueFd> fds = TakeFds();
  ASSERT_TRUE(decoder_.MapSegments(&in, &fds).ok());
  WriteShared(ref);
  EXPECT_THAT(fds_, IsEmpty());
  EXPECT_EQ(Ids(ReadAll().ValueOrDie()[0].block), testkit::Iota(10));
}

TEST_F(BlockExchangeTest, TheReceiverForgetsSegmentsThatTheSenderDropped) {
  auto segment = store::Segment::Create(4096).ValueOrDie();
  const uint64_t id = segment->id();
  encoder_.Introduce(segment, &out_, &fds_);
  const std::string introduction = out_.Take();
  out_ = WireWriter();
  WireReader in(introduction);
  std::deque<UniqueFd> fds = TakeFds();
  ASSERT_TRUE(decoder_.MapSegments(&in, &fds).ok());
  EXPECT_THAT(encoder_.TakeForgotten(), IsEmpty());
  segment.reset();
  const auto forgotten = encoder_.TakeForgotten();
  EXPECT_THAT(forgotten, ElementsAre(id));
  decoder_.Forget(forgotten);
  EXPECT_THAT(encoder_.TakeForgotten(), IsEmpty());
}

TEST_F(BlockExchangeTest, AMessageThatEndsTooEarlyIsAnError) {
  WriteInline(testkit::IotaBlock(3));
  const std::string bytes = out_.bytes();
  for (const size_t size : {size_t{0}, size_t{1}, bytes.size() / 2, bytes.size() - 1}) {
    BlockDecoder decoder([](uint64_t) {});
    WireReader in(std::string_view(bytes).substr(0, size));
    std::deque<UniqueFd> fds;
    EXPECT_FALSE(decoder.Read(&in, &fds).ok()) << size;
  }
}

TEST_F(BlockExchangeTest, ASegmentWithoutItsDescriptorIsAnError) {
  WriteShared(Put(10));
  fds_.clear();
  EXPECT_FALSE(ReadAll().ok());
}

}  // namespace
}  // namespace headrace::backend
