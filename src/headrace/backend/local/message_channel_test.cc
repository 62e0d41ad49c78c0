// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/message_channel.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <thread>

namespace headrace::backend {
namespace {

int64_t NumOpenFds() {
  const std::filesystem::directory_iterator fds("/proc/self/fd");
  return std::distance(begin(fds), end(fds));
}

UniqueFd MemoryFile(std::string_view text) {
  UniqueFd fd(memfd_create("test", MFD_CLOEXEC));
  EXPECT_EQ(::pwrite(fd.get(), text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
  return fd;
}

std::string Read(const UniqueFd& fd) {
  std::string text(100, '\0');
  text.resize(static_cast<size_t>(std::max<ssize_t>(0, ::pread(fd.get(), text.data(), 100, 0))));
  return text;
}

class MessageChannelTest : public testing::Test {
 protected:
  MessageChannelTest() {
    auto ends = MessageChannel::Pair().ValueOrDie();
    left_ = std::make_unique<MessageChannel>(std::move(ends.first));
    right_ = std::make_unique<MessageChannel>(std::move(ends.second));
  }
  std::unique_ptr<MessageChannel> left_, right_;
};

TEST_F(MessageChannelTest, CarriesWholeMessagesInOrder) {
  ASSERT_TRUE(left_->Queue("one", {}).ok());
  ASSERT_TRUE(left_->Queue("", {}).ok());
  ASSERT_TRUE(left_->Queue("three", {}).ok());
  ASSERT_TRUE(left_->Flush(true).ok());
  std::vector<Message> messages;
  ASSERT_TRUE(right_->Receive(true, &messages).ok());
  ASSERT_EQ(messages.size(), 3);
  EXPECT_EQ(messages[0].bytes, "one");
  EXPECT_EQ(messages[1].bytes, "");
  EXPECT_EQ(messages[2].bytes, "three");
}

TEST_F(MessageChannelTest, ReceivesNothingWhenNothingCame) {
  std::vector<Message> messages;
  EXPECT_TRUE(right_->Receive(false, &messages).ok());
  EXPECT_TRUE(messages.empty());
}

TEST_F(MessageChannelTest, EachMessageArrivesWithItsOwnDescriptors) {
  const UniqueFd a = MemoryFile("a");
  const UniqueFd b = MemoryFile("b");
  ASSERT_TRUE(left_->Queue("a", {a.get()}).ok());
  ASSERT_TRUE(left_->Queue("none", {}).ok());
  ASSERT_TRUE(left_->Queue("b and a", {b.get(), a.get()}).ok());
  ASSERT_TRUE(left_->Flush(true).ok());
  std::vector<Message> messages;
  while (messages.size() < 3) ASSERT_TRUE(right_->Receive(true, &messages).ok());
  ASSERT_EQ(messages[0].fds.size(), 1);
  EXPECT_EQ(Read(messages[0].fds[0]), "a");
  EXPECT_TRUE(messages[1].fds.empty());
  ASSERT_EQ(messages[2].fds.size(), 2);
  EXPECT_EQ(Read(messages[2].fds[0]), "b");
  EXPECT_EQ(Read(messages[2].fds[1]), "a");
}

TEST_F(MessageChannelTest, CarriesAsManyDescriptorsAsItSaysAndNoMore) {
  const UniqueFd file = MemoryFile("x");
  EXPECT_TRUE(left_->Queue("too many", std::vector<int>(MessageChannel::kMaxFds + 1, file.get()))
                  .IsInvalid());
  ASSERT_TRUE(left_->Queue("all", std::vector<int>(MessageChannel::kMaxFds, file.get())).ok());
  ASSERT_TRUE(left_->Flush(true).ok());
  std::vector<Message> messages;
  ASSERT_TRUE(right_->Receive(true, &messages).ok());
  ASSERT_EQ(messages.size(), 1);
  EXPECT_EQ(messages[0].fds.size(), MessageChannel::kMaxFds);
}

TEST_F(MessageChannelTest, SendsWhatTheSocketTakesAndTheRestLater) {
  const std::string large(8 << 20, 'x');
  const UniqueFd file = MemoryFile("x");
  ASSERT_TRUE(left_->Queue(large, {file.get()}).ok());
  ASSERT_TRUE(left_->Queue("end", {file.get()}).ok());
  ASSERT_TRUE(left_->Flush(false).ok());
  EXPECT_TRUE(left_->has_queued());
  std::vector<Message> messages;
  while (messages.size() < 2) {
    ASSERT_TRUE(right_->Receive(false, &messages).ok());
    ASSERT_TRUE(left_->Flush(false).ok());
  }
  EXPECT_FALSE(left_->has_queued());
  EXPECT_EQ(messages[0].bytes, large);
  EXPECT_EQ(messages[0].fds.size(), 1);
  EXPECT_EQ(messages[1].bytes, "end");
  EXPECT_EQ(messages[1].fds.size(), 1);
}

TEST_F(MessageChannelTest, WaitsForAMessageOfAnotherThread) {
  std::thread sender([&] {
    EXPECT_TRUE(left_->Queue(std::string(1 << 20, 'y'), {}).ok());
    EXPECT_TRUE(left_->Flush(true).ok());
  });
  std::vector<Message> messages;
  EXPECT_TRUE(right_->Receive(true, &messages).ok());
  sender.join();
  ASSERT_EQ(messages.size(), 1);
  EXPECT_EQ(messages[0].bytes.size(), 1 << 20);
}

TEST_F(MessageChannelTest, GivesWhatCameBeforeTheEndAndThenTheEnd) {
  ASSERT_TRUE(left_->Queue("last words", {}).ok());
  ASSERT_TRUE(left_->Flush(true).ok());
  left_.reset();
  std::vector<Message> messages;
  Status status = right_->Receive(false, &messages);
  if (status.ok()) status = right_->Receive(false, &messages);
  EXPECT_TRUE(status.IsIOError());
  ASSERT_EQ(messages.size(), 1);
  EXPECT_EQ(messages[0].bytes, "last words");
}

TEST_F(MessageChannelTest, SendingToAClosedEndFailsWithoutASignal) {
  right_.reset();
  ASSERT_TRUE(left_->Queue("hello", {}).ok());
  EXPECT_TRUE(left_->Flush(true).IsIOError());
}

TEST_F(MessageChannelTest, LeavesNoDescriptorOpen) {
  const int64_t before = NumOpenFds();
  {
    const UniqueFd file = MemoryFile("x");
    ASSERT_TRUE(left_->Queue("sent", {file.get(), file.get()}).ok());
    ASSERT_TRUE(left_->Flush(true).ok());
    std::vector<Message> messages;
    ASSERT_TRUE(right_->Receive(true, &messages).ok());
    ASSERT_TRUE(left_->Queue("never sent", {file.get()}).ok());
  }
  left_.reset();
  right_.reset();
  EXPECT_EQ(NumOpenFds(), before - 2);
}

TEST_F(MessageChannelTest, SaysSoWhenNoDescriptorsAreLeft) {
  const UniqueFd file = MemoryFile("x");
  ASSERT_TRUE(left_->Queue("needs two", {file.get(), file.get()}).ok());
  ASSERT_TRUE(left_->Flush(true).ok());
  rlimit old{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &old), 0);
  // The lowest free descriptor is the first that cannot be had any more.
  const UniqueFd lowest(fcntl(file.get(), F_DUPFD_CLOEXEC, 0));
  const rlimit none{static_cast<rlim_t>(lowest.get()), old.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &none), 0);
  const Status queued = left_->Queue("one more", {file.get()});
  std::vector<Message> messages;
  const Status received = right_->Receive(false, &messages);
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &old), 0);
  EXPECT_TRUE(queued.IsCapacityError()) << queued.ToString();
  EXPECT_TRUE(received.IsCapacityError()) << received.ToString();
}

}  // namespace
}  // namespace headrace::backend
