// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/listing.h"

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>

#include "headrace/io/open_file.h"

namespace headrace::io {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ListingTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = std::filesystem::temp_directory_path() / "listing_test.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  void Write(const std::string& name, const std::string& content = "abc") {
    const auto path = std::filesystem::path(root_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path) << content;
  }
  /// Names below the root that `paths` (relative to it) list.
  std::vector<std::string> Names(const std::vector<std::string>& paths, ListOptions options = {}) {
    std::vector<std::string> full;
    for (const auto& path : paths) full.push_back(root_ + "/" + path);
    auto files = ListFiles({full, options}, {});
    EXPECT_TRUE(files.ok()) << files.status();
    std::vector<std::string> names;
    for (const auto& file : *files) names.push_back(file.path.substr(root_.size() + 1));
    return names;
  }

  std::string root_;
};

TEST_F(ListingTest, WalksDirectoriesAndSortsByPath) {
  Write("d/b.csv");
  Write("d/a.csv", "12345");
  Write("d/sub/deep/c.csv");
  EXPECT_THAT(Names({"d"}), ElementsAre("d/a.csv", "d/b.csv", "d/sub/deep/c.csv"));
  auto files = ListFiles({{root_ + "/d/a.csv"}, {}}, {});
  ASSERT_TRUE(files.ok());
  EXPECT_EQ(files->at(0).size_bytes, 5);
}

TEST_F(ListingTest, SkipsNamesThatStartWithDotOrUnderscoreBelowADirectory) {
  Write("d/_SUCCESS");
  Write("d/.hidden");
  Write("d/_temporary/x.csv");
  Write("d/a.csv");
  EXPECT_THAT(Names({"d"}), ElementsAre("d/a.csv"));
  EXPECT_THAT(Names({"d/_SUCCESS"}), ElementsAre("d/_SUCCESS"));
}

TEST_F(ListingTest, KeepsTheOrderOfThePathsGiven) {
  Write("b/2.csv");
  Write("a/1.csv");
  EXPECT_THAT(Names({"b", "a"}), ElementsAre("b/2.csv", "a/1.csv"));
}

TEST_F(ListingTest, ExpandsGlobs) {
  Write("d/a.csv");
  Write("d/b.csv");
  Write("d/c.txt");
  Write("d/e/f.csv");
  Write("d/e/g/h.csv");
  EXPECT_THAT(Names({"d/*.csv"}), ElementsAre("d/a.csv", "d/b.csv"));
  EXPECT_THAT(Names({"d/[bc].*"}), ElementsAre("d/b.csv", "d/c.txt"));
  EXPECT_THAT(Names({"d/?.csv"}), ElementsAre("d/a.csv", "d/b.csv"));
  EXPECT_THAT(Names({"d/**/*.csv"}), ElementsAre("d/a.csv", "d/b.csv", "d/e/f.csv", "d/e/g/h.csv"));
  EXPECT_THAT(Names({"*/e"}), ElementsAre("d/e/f.csv", "d/e/g/h.csv"));
}

TEST_F(ListingTest, TakesAnExistingNameWithGlobCharactersLiterally) {
  Write("d/a[1].csv");
  Write("d/a1.csv");
  EXPECT_THAT(Names({"d/a[1].csv"}), ElementsAre("d/a[1].csv"));
}

TEST_F(ListingTest, FiltersByExtensionWhateverTheCase) {
  Write("d/a.CSV");
  Write("d/b.csv.gz");
  Write("d/c.txt");
  EXPECT_THAT(Names({"d"}, {.extensions = {"csv", "csv.gz"}}),
              ElementsAre("d/a.CSV", "d/b.csv.gz"));
}

TEST_F(ListingTest, NamesTheMissingPath) {
  for (const std::string name : {"/nothing", "/nothing/*.csv"}) {
    const Status status = ListFiles({{root_ + name}, {}}, {}).status();
    EXPECT_TRUE(status.IsIOError());
    EXPECT_THAT(status.message(), HasSubstr(root_ + name));
    ASSERT_NE(GetErrorDetail(status), nullptr);
    EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kFileNotFound);
  }
}

TEST_F(ListingTest, SaysWhyNoFileIsLeft) {
  Write("d/c.txt");
  std::filesystem::create_directories(root_ + "/empty");
  auto extension = ListFiles({{root_ + "/d"}, {.extensions = {"csv"}}}, {}).status();
  EXPECT_TRUE(extension.IsInvalid());
  EXPECT_THAT(extension.message(), HasSubstr("['csv']"));
  EXPECT_THAT(ListFiles({{root_ + "/empty"}, {}}, {}).status().message(), HasSubstr("/empty"));
  EXPECT_THAT(ListFiles({{root_ + "/x"}, {.ignore_missing_paths = true}}, {}).status().message(),
              HasSubstr("ignore_missing_paths"));
  EXPECT_TRUE(ListFiles({}, {}).status().IsInvalid());
}

TEST_F(ListingTest, SkipsMissingPathsWhenAsked) {
  Write("d/a.csv");
  EXPECT_THAT(Names({"x", "d"}, {.ignore_missing_paths = true}), ElementsAre("d/a.csv"));
}

TEST_F(ListingTest, EndsAtALinkToItsOwnDirectory) {
  Write("d/a.csv");
  std::filesystem::create_directory_symlink(root_ + "/d", root_ + "/d/loop");
  EXPECT_THAT(Names({"d"}), ElementsAre("d/a.csv"));
}

TEST_F(ListingTest, GivesPagesInTheOrderOfPaths) {
  for (int i = 0; i < 2500; ++i) Write("d/" + std::to_string(100000 + i));
  Write("d/100000.d/x");  // between two files: a directory sorts by its name and '/'
  FileLister lister({root_ + "/d"}, {}, {});
  std::vector<std::string> names;
  size_t pages = 0;
  while (true) {
    const auto page = *lister.Next();
    if (!page) break;
    ++pages;
    EXPECT_LE(page->size(), 1000u);
    for (const auto& file : *page) names.push_back(file.path);
  }
  EXPECT_EQ(pages, 3u);
  EXPECT_EQ(names.size(), 2501u);
  EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

TEST_F(ListingTest, ListsAFileOnceThatAGlobMatchesTwice) {
  Write("d/a/b/c.csv");
  Write("d/x.csv");
  EXPECT_THAT(Names({"d/**"}), ElementsAre("d/a/b/c.csv", "d/x.csv"));
}

TEST_F(ListingTest, AcceptsLocalAndFileUris) {
  Write("a b.csv");
  auto local = ListFiles({{"local://" + root_ + "/a b.csv"}, {}}, {});
  auto file = ListFiles({{"file://" + root_ + "/a%20b.csv"}, {}}, {});
  ASSERT_TRUE(local.ok() && file.ok());
  EXPECT_EQ(local->at(0).path, root_ + "/a b.csv");
  EXPECT_EQ(file->at(0).path, root_ + "/a b.csv");
}

TEST_F(ListingTest, OpensCompressedFilesBySuffix) {
  const std::string content(100000, 'x');
  const std::pair<std::string, arrow::Compression::type> kinds[] = {
      {"gz", arrow::Compression::GZIP},
      {"bz2", arrow::Compression::BZ2},
      {"zst", arrow::Compression::ZSTD},
      {"lz4", arrow::Compression::LZ4_FRAME},
      {"br", arrow::Compression::BROTLI}};
  for (const auto& [suffix, type] : kinds) {
    const std::string path = root_ + "/a.txt." + suffix;
    auto codec = *arrow::util::Codec::Create(type);
    auto raw = *arrow::io::FileOutputStream::Open(path);
    auto out = *arrow::io::CompressedOutputStream::Make(codec.get(), raw);
    ASSERT_TRUE(out->Write(content).ok());
    ASSERT_TRUE(out->Close().ok());
    auto stream = *OpenStream(path, {}, {.decompress = true});
    auto read = *stream->Read(200000);
    EXPECT_EQ(read->ToString(), content) << suffix;
    auto plain = *OpenStream(path, {}, {});
    EXPECT_LT((*plain->Read(200000))->size(), 1000) << suffix;
  }
}

TEST_F(ListingTest, TheBeginningIsAllFilesOrASampleOfTheFirstPage) {
  for (size_t i = 0; i < kPageFiles; ++i) Write("d/" + std::to_string(10000 + i));
  auto all = ListFirstFiles({{root_ + "/d"}, {}}, {});
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_TRUE(all->are_all);
  EXPECT_EQ(all->files.size(), kPageFiles);
  Write("d/99999");
  auto some = ListFirstFiles({{root_ + "/d"}, {}}, {});
  ASSERT_TRUE(some.ok()) << some.status();
  EXPECT_FALSE(some->are_all);
  ASSERT_EQ(some->files.size(), kSampleFiles);
  EXPECT_EQ(some->files.front().path, root_ + "/d/10000");
  EXPECT_GT(some->files.back().path, root_ + "/d/10900");
  std::set<std::string> paths;
  for (const ListedFile& file : some->files) paths.insert(file.path);
  EXPECT_EQ(paths.size(), kSampleFiles) << "each once";
}

TEST_F(ListingTest, OpenNamesTheMissingFile) {
  const Status status = OpenFile(root_ + "/x.csv", {}).status();
  ASSERT_NE(GetErrorDetail(status), nullptr);
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kFileNotFound);
  EXPECT_THAT(status.message(), HasSubstr("/x.csv"));
}

}  // namespace
}  // namespace headrace::io
