// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/retrying_filesystem.h"

#include <arrow/buffer.h>
#include <arrow/filesystem/mockfs.h>
#include <arrow/io/interfaces.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace headrace::io {
namespace {

using arrow::fs::internal::MockFileSystem;
using ::testing::HasSubstr;

/// Fails each request until `failures` are used up; reads give `most_bytes` at a time.
struct Weather {
  int failures = 0;
  int64_t most_bytes = 1 << 30;
  int requests = 0;
  Status Request() {
    ++requests;
    return failures-- > 0 ? Status::IOError("storm") : Status::OK();
  }
};

class FlakyFile final : public arrow::io::RandomAccessFile {
 public:
  FlakyFile(std::string content, Weather* weather)
      : content_(std::move(content)), weather_(weather) {}
  using RandomAccessFile::ReadAt;
  Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override {
    ARROW_RETURN_NOT_OK(weather_->Request());
    return content_.copy(static_cast<char*>(out), std::min(nbytes, weather_->most_bytes), position);
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t nbytes) override {
    std::string out(nbytes, 0);
    ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position, nbytes, out.data()));
    return arrow::Buffer::FromString(out.substr(0, read));
  }
  Result<int64_t> GetSize() override { return static_cast<int64_t>(content_.size()); }
  Result<int64_t> Read(int64_t, void*) override { return Status::NotImplemented("Read"); }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t) override {
    return Status::NotImplemented("Read");
  }
  Status Seek(int64_t) override { return Status::NotImplemented("Seek"); }
  Result<int64_t> Tell() const override { return Status::NotImplemented("Tell"); }
  Status Close() override { return Status::OK(); }
  bool closed() const override { return false; }

 private:
  const std::string content_;
  Weather* weather_;
};

class FlakyFilesystem final : public arrow::fs::SubTreeFileSystem {
 public:
  FlakyFilesystem(std::string content, Weather* weather)
      : SubTreeFileSystem("", std::make_shared<MockFileSystem>(arrow::fs::kNoTime)),
        content_(std::move(content)),
        weather_(weather) {}
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(const std::string&) override {
    return std::make_shared<FlakyFile>(content_, weather_);
  }
  Status DeleteFile(const std::string& path) override {
    // Does its work, and then the answer is lost.
    ARROW_RETURN_NOT_OK(SubTreeFileSystem::DeleteFile(path));
    return weather_->Request();
  }
  Status Move(const std::string& src, const std::string& dest) override {
    ARROW_RETURN_NOT_OK(SubTreeFileSystem::Move(src, dest));
    return weather_->Request();
  }

 private:
  const std::string content_;
  Weather* weather_;
};

class RetryingFilesystemTest : public ::testing::Test {
 protected:
  std::shared_ptr<RetryingFilesystem> Make(int64_t max_attempts = 5) {
    inner_ = std::make_shared<FlakyFilesystem>(content_, &weather_);
    return std::make_shared<RetryingFilesystem>(
        inner_,
        RetryPolicy{.retried_errors = {"storm"}, .max_attempts = max_attempts, .max_backoff_s = 0},
        &cancelled_);
  }
  void Touch(const std::string& path) {
    auto file = *inner_->OpenOutputStream(path, nullptr);
    ASSERT_TRUE(file->Close().ok());
  }

  const std::string content_ = "0123456789abcdef";
  Weather weather_;
  std::atomic<bool> cancelled_ = false;
  std::shared_ptr<FlakyFilesystem> inner_;
};

TEST_F(RetryingFilesystemTest, ReadsOnWhereAStreamBroke) {
  const auto file = *Make()->OpenInputFile("f");
  EXPECT_EQ((*file->Read(6))->ToString(), "012345");
  weather_.failures = 3;
  EXPECT_EQ((*file->Read(100))->ToString(), "6789abcdef");
  EXPECT_EQ((*file->Read(100))->size(), 0);
}

TEST_F(RetryingFilesystemTest, AsksForTheRestOfAnAnswerThatIsTooShort) {
  const auto file = *Make()->OpenInputFile("f");
  weather_.most_bytes = 3;
  char out[16];
  EXPECT_EQ(*file->ReadAt(2, 12, out), 12);
  EXPECT_EQ(std::string(out, 12), "23456789abcd");
  const Status whole = file->ReadAt(2, 12).status();  // in one piece or not at all
  EXPECT_THAT(whole.message(), HasSubstr("ended too early"));
  EXPECT_THAT(whole.message(), HasSubstr("tried 5 times"));
}

TEST_F(RetryingFilesystemTest, GivesUpAfterTheLastAttemptAndSaysSo) {
  const auto file = *Make(/*max_attempts=*/3)->OpenInputFile("f");
  weather_.failures = 100;
  const Status status = file->Read(1).status();
  EXPECT_THAT(status.message(), HasSubstr("storm"));
  EXPECT_THAT(status.message(), HasSubstr("tried 3 times"));
  EXPECT_EQ(weather_.requests, 3);
}

TEST_F(RetryingFilesystemTest, StopsWaitingWhenNobodyWantsTheResult) {
  const auto file = *Make(/*max_attempts=*/1000000)->OpenInputFile("f");
  weather_.failures = 1 << 30;
  cancelled_ = true;
  EXPECT_FALSE(file->Read(1).ok());
  EXPECT_LE(weather_.requests, 2);
}

TEST_F(RetryingFilesystemTest, AWorkThatIsDoneIsNotAnErrorWhenItIsAskedForAgain) {
  const auto filesystem = Make();
  Touch("a");
  Touch("b");
  weather_.failures = 1;
  EXPECT_TRUE(filesystem->DeleteFile("a").ok());
  weather_.failures = 1;
  EXPECT_TRUE(filesystem->Move("b", "c").ok());
  EXPECT_TRUE(filesystem->GetFileInfo("c")->IsFile());
  weather_.failures = 0;
  EXPECT_FALSE(filesystem->Move("b", "d").ok());
}

}  // namespace
}  // namespace headrace::io
