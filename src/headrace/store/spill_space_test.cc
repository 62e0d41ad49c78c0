// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_space.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>

#include "headrace/base/fault_point.h"

namespace headrace::store {
namespace {

using Buffers = std::vector<std::shared_ptr<arrow::Buffer>>;
using Compression = SpillOptions::Compression;

class SpillSpaceTest : public testing::Test {
 protected:
  SpillSpaceTest() {
    std::string name = testing::TempDir() + "spill_space_XXXXXX";
    folder_ = mkdtemp(name.data());
  }
  ~SpillSpaceTest() override {
    DisarmFaults();
    std::filesystem::remove_all(folder_);
  }
  std::string Folder(const std::string& name) {
    const std::string path = folder_ + "/" + name;
    std::filesystem::create_directory(path);
    return path;
  }
  SpillOptions Options() { return {.enabled = true, .directories = {Folder("a")}}; }
  std::string OurFolder(const std::string& parent) {
    return parent + "/headrace-spill-" + std::to_string(geteuid());
  }

  std::string folder_;
};

std::shared_ptr<arrow::Buffer> RandomBuffer(int64_t size, uint32_t seed, int values = 256) {
  std::mt19937 random(seed);
  std::string bytes(static_cast<size_t>(size), '\0');
  for (char& byte : bytes) byte = static_cast<char>(random() % values);
  return arrow::Buffer::FromString(std::move(bytes));
}

std::string Body(const Buffers& buffers, int64_t alignment) {
  std::string body;
  for (const auto& buffer : buffers) {
    body += buffer->ToString();
    body.resize((body.size() + alignment - 1) / alignment * alignment);
  }
  return body;
}

std::string ReadAll(const Extent& extent) {
  std::string body(static_cast<size_t>(extent.body_bytes()), '?');
  const Status read = extent.Read(reinterpret_cast<uint8_t*>(body.data()));
  EXPECT_TRUE(read.ok()) << read;
  return body;
}

TEST_F(SpillSpaceTest, ReadsBackWhatWasWritten) {
  for (const auto compression : {Compression::kNone, Compression::kLz4}) {
    SpillOptions options = Options();
    options.compression = compression;
    SpillSpace space(options);
    uint32_t seed = 0;
    for (const Buffers& buffers :
         {Buffers{}, Buffers{RandomBuffer(0, ++seed)}, Buffers{RandomBuffer(1, ++seed)},
          Buffers{RandomBuffer(64, ++seed), RandomBuffer(65, ++seed)},
          Buffers{RandomBuffer(1 << 20, ++seed), RandomBuffer(7, ++seed),
                  RandomBuffer((3 << 20) + 1, ++seed), RandomBuffer(100'000, ++seed, 2)},
          Buffers(3000, RandomBuffer(99, ++seed))}) {
      const auto extent = space.Write(buffers, 64).ValueOrDie();
      EXPECT_EQ(ReadAll(*extent), Body(buffers, 64));
    }
  }
}

TEST_F(SpillSpaceTest, CompressionMakesItSmaller) {
  SpillOptions options = Options();
  options.compression = Compression::kLz4;
  SpillSpace space(options);
  const auto extent = space.Write({RandomBuffer(4 << 20, 1, /*values=*/1)}, 64).ValueOrDie();
  EXPECT_LT(extent->disk_bytes(), extent->body_bytes() / 2);
  EXPECT_EQ(space.used_bytes(), extent->disk_bytes());
}

TEST_F(SpillSpaceTest, TouchesNothingBeforeTheFirstWrite) {
  SpillSpace space(Options());
  EXPECT_FALSE(std::filesystem::exists(OurFolder(Folder("a"))));
}

TEST_F(SpillSpaceTest, LeavesNoNamesAndGivesDeadExtentsBack) {
  SpillSpace space(Options());
  auto first = space.Write({RandomBuffer(100'000, 1)}, 64).ValueOrDie();
  const auto second = space.Write({RandomBuffer(50'000, 2)}, 64).ValueOrDie();
  EXPECT_TRUE(std::filesystem::is_empty(OurFolder(Folder("a"))));
  const int64_t both = space.used_bytes();
  EXPECT_EQ(both % Extent::kAlignment, 0);
  const int64_t freed = first->disk_bytes();
  first.reset();
  EXPECT_EQ(space.used_bytes(), both - freed);
  EXPECT_EQ(ReadAll(*second), Body({RandomBuffer(50'000, 2)}, 64));
}

TEST_F(SpillSpaceTest, TakesDirectoriesInTurn) {
  SpillOptions options{.enabled = true, .directories = {Folder("a"), Folder("b")}};
  SpillSpace space(options);
  const auto first = space.Write({RandomBuffer(10, 1)}, 64).ValueOrDie();
  const auto second = space.Write({RandomBuffer(10, 2)}, 64).ValueOrDie();
  const auto third = space.Write({RandomBuffer(10, 3)}, 64).ValueOrDie();
  EXPECT_EQ(first->directory(), OurFolder(Folder("a")));
  EXPECT_EQ(second->directory(), OurFolder(Folder("b")));
  EXPECT_EQ(third->directory(), OurFolder(Folder("a")));
  EXPECT_EQ(ReadAll(*second), Body({RandomBuffer(10, 2)}, 64));
}

TEST_F(SpillSpaceTest, TheQuotaNamesItselfAndTheDirectory) {
  SpillOptions options = Options();
  options.quota_bytes = 10'000;
  SpillSpace space(options);
  auto first = space.Write({RandomBuffer(5000, 1)}, 64).ValueOrDie();
  const Status full = space.Write({RandomBuffer(5000, 2)}, 64).status();
  ASSERT_NE(GetErrorDetail(full), nullptr) << full;
  EXPECT_EQ(GetErrorDetail(full)->kind(), ErrorKind::kOutOfDisk);
  for (const std::string& part :
       {OurFolder(Folder("a")), std::string("5056 bytes"), std::string("spill_quota_bytes")}) {
    EXPECT_NE(full.message().find(part), std::string::npos) << full.message();
  }
  first.reset();
  EXPECT_TRUE(space.Write({RandomBuffer(5000, 2)}, 64).ok());
}

/// Files of this process cannot grow past `bytes`: the disk is full, as far as it can tell.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &old_);
    old_action_ = signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{bytes, old_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  ~FileSizeLimit() {
    setrlimit(RLIMIT_FSIZE, &old_);
    signal(SIGXFSZ, old_action_);
  }

 private:
  rlimit old_{};
  void (*old_action_)(int) = nullptr;
};

TEST_F(SpillSpaceTest, AFullDiskNamesDirectoryBytesAndSetting) {
  SpillSpace space(Options());
  const auto before = space.Write({RandomBuffer(1000, 1)}, 64).ValueOrDie();
  {
    // The first write is a short one, the second fails.
    const FileSizeLimit limit((1 << 20) + 5000);
    const Status full = space.Write({RandomBuffer(3 << 20, 2)}, 64).status();
    ASSERT_NE(GetErrorDetail(full), nullptr) << full;
    EXPECT_EQ(GetErrorDetail(full)->kind(), ErrorKind::kOutOfDisk);
    for (const std::string& part :
         {OurFolder(Folder("a")), std::string("bytes"), std::string("spill_directory")}) {
      EXPECT_NE(full.message().find(part), std::string::npos) << full.message();
    }
    EXPECT_EQ(space.used_bytes(), before->disk_bytes()) << "what was written is given back";
  }
  const auto after = space.Write({RandomBuffer(3 << 20, 2)}, 64).ValueOrDie();
  EXPECT_EQ(ReadAll(*before), Body({RandomBuffer(1000, 1)}, 64));
  EXPECT_EQ(ReadAll(*after), Body({RandomBuffer(3 << 20, 2)}, 64));
}

#ifdef HEADRACE_FAULT_POINTS
TEST_F(SpillSpaceTest, AnotherDirectoryIsTriedWhenOneFails) {
  SpillOptions options{.enabled = true, .directories = {Folder("a"), Folder("b")}};
  SpillSpace space(options);
  ArmFault("store.spill.write", Status::IOError("No space left on device"));
  const auto extent = space.Write({RandomBuffer(10, 1)}, 64).ValueOrDie();
  EXPECT_EQ(extent->directory(), OurFolder(Folder("b")));
}

TEST_F(SpillSpaceTest, AFailedReadIsReported) {
  SpillSpace space(Options());
  const auto extent = space.Write({RandomBuffer(10, 1)}, 64).ValueOrDie();
  ArmFault("store.spill.read", Status::IOError("Input/output error"));
  uint8_t out[64];
  EXPECT_TRUE(extent->Read(out).IsIOError());
  EXPECT_TRUE(extent->Read(out).ok());
}
#endif

TEST_F(SpillSpaceTest, AnAlteredOrTornExtentIsLost) {
  for (const auto compression : {Compression::kNone, Compression::kLz4}) {
    for (const bool torn : {false, true}) {
      const auto file = std::make_shared<SpillFile>();
      file->fd = SpillDirectory::Open(Folder("a")).ValueOrDie()->CreateFile().ValueOrDie();
      file->directory = "/somewhere";
      const auto used = std::make_shared<std::atomic<int64_t>>(0);
      const auto extent =
          Extent::Write(file, {RandomBuffer(3 << 20, 1, 4)}, 64, compression, used).ValueOrDie();
      if (torn) {
        ASSERT_EQ(ftruncate(file->fd.get(), 100'000), 0);
      } else {
        char byte = 0;
        ASSERT_EQ(pread(file->fd.get(), &byte, 1, 200'000), 1);
        byte ^= 1;
        ASSERT_EQ(pwrite(file->fd.get(), &byte, 1, 200'000), 1);
      }
      std::string body(static_cast<size_t>(extent->body_bytes()), '?');
      const Status read = extent->Read(reinterpret_cast<uint8_t*>(body.data()));
      ASSERT_NE(GetErrorDetail(read), nullptr) << read;
      EXPECT_EQ(GetErrorDetail(read)->kind(), ErrorKind::kObjectLost);
      EXPECT_NE(read.message().find("/somewhere"), std::string::npos) << read.message();
    }
  }
}

TEST_F(SpillSpaceTest, AnUnusedFileIsClosedWithItsLastExtent) {
  SpillOptions options = Options();
  options.file_bytes = 4096;
  SpillSpace space(options);
  auto first = space.Write({RandomBuffer(4096, 1)}, 64).ValueOrDie();
  const auto second = space.Write({RandomBuffer(4096, 2)}, 64).ValueOrDie();
  const auto open_files = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
  };
  const auto before = open_files();
  first.reset();
  EXPECT_EQ(open_files(), before - 1);
}

TEST_F(SpillSpaceTest, RefusesADirectoryThatOthersMayEnter) {
  const std::string ours = OurFolder(Folder("a"));
  ASSERT_EQ(mkdir(ours.c_str(), 0700), 0);
  ASSERT_EQ(chmod(ours.c_str(), 0755), 0);
  const Status open = SpillDirectory::Open(Folder("a")).status();
  EXPECT_TRUE(open.IsIOError());
  EXPECT_NE(open.message().find(ours), std::string::npos) << open.message();
}

TEST_F(SpillSpaceTest, RefusesALinkAndAFile) {
  const std::string ours = OurFolder(Folder("a"));
  ASSERT_EQ(symlink(Folder("b").c_str(), ours.c_str()), 0);
  EXPECT_TRUE(SpillDirectory::Open(Folder("a")).status().IsIOError());
  ASSERT_EQ(unlink(ours.c_str()), 0);
  std::ofstream(ours) << "a file";
  EXPECT_TRUE(SpillDirectory::Open(Folder("a")).status().IsIOError());
}

TEST_F(SpillSpaceTest, RefusesTheDirectoryOfAnotherUser) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can make a directory of another user";
  const std::string ours = OurFolder(Folder("a"));
  ASSERT_EQ(mkdir(ours.c_str(), 0700), 0);
  ASSERT_EQ(chown(ours.c_str(), 12345, 12345), 0);
  const Status open = SpillDirectory::Open(Folder("a")).status();
  EXPECT_NE(open.message().find("another user"), std::string::npos) << open.message();
}

TEST_F(SpillSpaceTest, AMissingDirectoryIsNamed) {
  const Status open = SpillDirectory::Open(folder_ + "/missing").status();
  EXPECT_NE(open.message().find(folder_ + "/missing"), std::string::npos) << open.message();
}

TEST_F(SpillSpaceTest, RemovesStaleFilesButNotThoseOfTheLiving) {
  const std::string ours = OurFolder(Folder("a"));
  ASSERT_EQ(mkdir(ours.c_str(), 0700), 0);
  for (const char* name : {"/spill-1-1", "/spill-2-1", "/other"}) std::ofstream(ours + name) << "x";
  const UniqueFd alive(open((ours + "/spill-2-1").c_str(), O_RDWR));
  ASSERT_EQ(flock(alive.get(), LOCK_EX), 0);
  ASSERT_TRUE(SpillDirectory::Open(Folder("a")).ok());
  EXPECT_FALSE(std::filesystem::exists(ours + "/spill-1-1"));
  EXPECT_TRUE(std::filesystem::exists(ours + "/spill-2-1"));
  EXPECT_TRUE(std::filesystem::exists(ours + "/other"));
}

TEST_F(SpillSpaceTest, FilesThatNeedANameLoseItAtOnce) {
  const auto directory = SpillDirectory::Open(Folder("a")).ValueOrDie();
  const UniqueFd first = directory->CreateNamedFile().ValueOrDie();
  const UniqueFd second = directory->CreateNamedFile().ValueOrDie();
  EXPECT_TRUE(std::filesystem::is_empty(directory->path()));
  EXPECT_EQ(pwrite(first.get(), "x", 1, 0), 1);
  EXPECT_EQ(pwrite(second.get(), "y", 1, 0), 1);
}

}  // namespace
}  // namespace headrace::store
