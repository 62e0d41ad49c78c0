// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/tar_stream.h"

#include <arrow/io/memory.h>
#include <gmock/gmock.h>

#include "headrace/datasource/test_files.h"
#include "headrace/datasource/webdataset_samples.h"

namespace headrace::datasource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

TarReader Reader(const std::string& archive) {
  return TarReader(std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(archive)));
}

Result<std::vector<std::pair<std::string, std::string>>> ReadFiles(const std::string& archive) {
  TarReader reader = Reader(archive);
  std::vector<std::pair<std::string, std::string>> files;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool found, reader.Next());
    if (!found) return files;
    files.emplace_back(reader.name(), "");
    ARROW_RETURN_NOT_OK(reader.Read(&files.back().second));
  }
}

std::string LongName() {
  std::string name(300, 'n');
  name += ".txt";
  return name;
}

std::string Archive() {
  std::string out;
  AppendTarFile("a.txt", "one", &out);
  AppendTarFile(LongName(), std::string(1000, 'x'), &out);
  AppendTarEnd(&out);
  return out;
}

TEST(TarStreamTest, FilesComeBackWithShortAndLongNames) {
  EXPECT_THAT(ValueOf(ReadFiles(Archive())),
              ElementsAre(Pair("a.txt", "one"), Pair(LongName(), std::string(1000, 'x'))));
}

TEST(TarStreamTest, ContentsThatNobodyReadsAreSkipped) {
  const std::string archive = Archive();
  TarReader reader = Reader(archive);
  ASSERT_TRUE(ValueOf(reader.Next()));
  ASSERT_TRUE(ValueOf(reader.Next()));
  std::string content;
  ASSERT_TRUE(reader.Read(&content).ok());
  EXPECT_EQ(content, std::string(1000, 'x'));
  EXPECT_FALSE(ValueOf(reader.Next()));
}

TEST(TarStreamTest, CutArchivesAreErrorsUnlessTheyEndBehindAFile) {
  const std::string archive = Archive();
  for (size_t size = 1; size < archive.size() - 1024; ++size) {
    const auto files = ReadFiles(archive.substr(0, size));
    const bool behind_first = size == 1024;
    const bool behind_extension = files.ok() && size > 1024;
    EXPECT_EQ(files.ok(), behind_first || behind_extension) << size;
    if (behind_extension) {
      EXPECT_EQ(size % 512, 0u) << size;
    }
    if (!files.ok()) {
      EXPECT_THAT(files.status().message(), HasSubstr("at byte")) << size;
    }
  }
}

TEST(TarStreamTest, FlippedBitsOfHeadersAreFound) {
  const std::string archive = Archive();
  for (size_t bit = 0; bit < 8 * 512; ++bit) {
    std::string changed = archive;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    const auto files = ReadFiles(changed);
    // Of the checksum itself, zeros before its digits may become spaces.
    if (files.ok()) {
      EXPECT_TRUE(bit / 8 >= 148 && bit / 8 < 156) << bit;
    }
  }
}

TEST(TarStreamTest, AnyNumberOfEntriesThatAreNoFilesIsPassedOver) {
  // Far more than frames of a function fit on a stack.
  std::string directories;
  AppendTarFile("directory/", "", &directories);
  std::string archive;
  for (int i = 0; i < 100'000; ++i) archive += directories;
  archive += Archive();
  EXPECT_EQ(ValueOf(ReadFiles(archive)).size(), 2);
}

TEST(TarStreamTest, AHugeSizeIsNoAllocation) {
  std::string archive;
  AppendTarFile("a", "", &archive);
  archive.replace(124, 11, "17777777777");  // 2 GiB - 1
  int64_t sum = 8 * ' ';
  for (size_t i = 0; i < 512; ++i) {
    if (i < 148 || i >= 156) sum += static_cast<uint8_t>(archive[i]);
  }
  char digits[8];
  std::snprintf(digits, sizeof(digits), "%06o", static_cast<unsigned>(sum));
  archive.replace(148, 6, digits, 6);
  TarReader reader = Reader(archive);
  ASSERT_TRUE(ValueOf(reader.Next()));
  std::string content;
  EXPECT_THAT(reader.Read(&content).message(), HasSubstr("is cut off at byte 512"));
  EXPECT_LT(content.capacity(), size_t{4} << 20);
}

TEST(WebDatasetSamplesTest, PatternsAreThoseOfNamesWithADotBefore) {
  EXPECT_TRUE(MatchesAny("jpg", {{"jpg"}}));
  EXPECT_TRUE(MatchesAny("jpg", {{".jpg"}}));
  EXPECT_TRUE(MatchesAny("left.jpg", {{"*.jpg"}}));
  EXPECT_FALSE(MatchesAny("left.jpg", {{"jpg"}}));
  EXPECT_TRUE(MatchesAny("anything", std::nullopt));
}

TEST(WebDatasetSamplesTest, FilesAreGroupedUpToTheFirstDotOfTheirName) {
  std::string archive;
  for (const char* const name : {"a.b/1.x.y", "a.b/1.z", "a.b/2.z", ".hidden", "plain"}) {
    AppendTarFile(name, name, &archive);
  }
  AppendTarEnd(&archive);
  const NamePatterns all;
  SampleReader reader(Reader(archive), all, all);
  Sample sample;
  ASSERT_TRUE(ValueOf(reader.Next(&sample)));
  EXPECT_EQ(sample.key, "a.b/1");
  EXPECT_THAT(sample.files, ElementsAre(Pair("x.y", "a.b/1.x.y"), Pair("z", "a.b/1.z")));
  ASSERT_TRUE(ValueOf(reader.Next(&sample)));
  EXPECT_EQ(sample.key, "a.b/2");
  EXPECT_FALSE(ValueOf(reader.Next(&sample)));
}

}  // namespace
}  // namespace headrace::datasource
