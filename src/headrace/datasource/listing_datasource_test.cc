// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/listing_datasource.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/datasource/file_options.h"
#include "headrace/datasource/files_source.h"
#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ListingDatasourceTest : public DatasourceTest {
 protected:
  void WriteFiles(int count, const std::string& text = "x\n") const {
    for (int i = 0; i < count; ++i) WriteText("d/" + std::to_string(1000 + i), text);
  }
  Result<DatasourcePtr> Make(io::Listing listing, ListingCuts cuts) const {
    return MakeListingDatasource(std::make_shared<const io::Listing>(std::move(listing)), {}, cuts);
  }
  /// Number of files in each block.
  std::vector<size_t> Cuts(ListingCuts cuts) const {
    const auto source = Make({{Path("d")}, {}}, cuts).ValueOrDie();
    const auto tasks = source->PlanReadTasks({}).ValueOrDie();
    EXPECT_EQ(tasks.size(), 1) << "the order is that of one lister";
    const auto reader = source->Open(tasks.front(), {}).ValueOrDie();
    std::vector<size_t> sizes;
    while (auto block = reader->Next().ValueOrDie()) {
      sizes.push_back(ListedFilesOf(*block).ValueOrDie().size());
    }
    return sizes;
  }
};

TEST_F(ListingDatasourceTest, BlocksGrowFromSmallOnesWithOneForEachSlot) {
  WriteFiles(100);
  EXPECT_THAT(Cuts({.max_files = 20, .num_slots = 2}), ElementsAre(8, 8, 16, 16, 20, 20, 12));
  EXPECT_THAT(Cuts({.max_files = 3, .num_slots = 1}).front(), 3);
}

TEST_F(ListingDatasourceTest, ABlockHasFilesOfItsBytesAndAtLeastOne) {
  WriteFiles(4, std::string(10, 'x'));
  WriteText("d/1001", std::string(1000, 'x'));
  EXPECT_THAT(Cuts({.max_bytes = 20}), ElementsAre(1, 1, 2));
}

TEST_F(ListingDatasourceTest, NamesComeInTheOrderOfTheListerWithTheirSizes) {
  WriteFiles(3, "12345");
  const auto source = Make({{Path("d/1002"), Path("d")}, {}}, {}).ValueOrDie();
  const Block all = ReadAll(source).ValueOrDie();
  const auto files = ListedFilesOf(all).ValueOrDie();
  std::vector<std::string> paths;
  for (const io::ListedFile& file : files) {
    paths.push_back(file.path);
    EXPECT_EQ(file.size_bytes, 5);
  }
  EXPECT_THAT(paths, ElementsAre(Path("d/1002"), Path("d/1000"), Path("d/1001"), Path("d/1002")));
  EXPECT_TRUE(ListedFilesOf(Block()).status().IsInvalid()) << "no list of files";
}

TEST_F(ListingDatasourceTest, AMissingPathFailsWhereItIsReached) {
  WriteFiles(3);
  const auto source = Make({{Path("d"), Path("gone")}, {}}, {.max_files = 2}).ValueOrDie();
  const auto tasks = source->PlanReadTasks({}).ValueOrDie();
  const auto reader = source->Open(tasks.front(), {}).ValueOrDie();
  EXPECT_TRUE(reader->Next().ok());
  Status status = reader->Next().status();
  ASSERT_NE(GetErrorDetail(status), nullptr) << status;
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kFileNotFound);
  EXPECT_THAT(status.message(), HasSubstr("/gone"));
  const auto ignoring =
      Make({{Path("gone"), Path("d")}, {.ignore_missing_paths = true}}, {}).ValueOrDie();
  EXPECT_EQ(ReadAll(ignoring)->num_rows(), 3);
}

TEST_F(ListingDatasourceTest, ACancelledListingStops) {
  WriteFiles(3);
  const auto source = Make({{Path("d")}, {}}, {}).ValueOrDie();
  const auto tasks = source->PlanReadTasks({}).ValueOrDie();
  const std::atomic<bool> cancelled = true;
  ReadOptions options;
  options.cancelled = &cancelled;
  const auto reader = source->Open(tasks.front(), options).ValueOrDie();
  EXPECT_TRUE(reader->Next().status().IsCancelled());
}

TEST_F(ListingDatasourceTest, ASourceOfASampleDoesNotClaimToKnowAll) {
  WriteFiles(3);
  BinaryReadOptions binary;
  binary.files = Files("d");
  const auto whole = MakeBinaryDatasource(binary).ValueOrDie();
  EXPECT_EQ(AsListedSource(*whole), nullptr);
  EXPECT_EQ(whole->CountRows().ValueOrDie(), 3);
  EXPECT_EQ(whole->EstimateBytes().ValueOrDie(), 6);

  binary.files.SetFiles({{Path("d/1000"), 2}});
  binary.files.listing = std::make_shared<const io::Listing>(io::Listing{{Path("d")}, {}});
  const auto sample = MakeBinaryDatasource(binary).ValueOrDie();
  const FilesSource* listed = AsListedSource(*sample);
  ASSERT_NE(listed, nullptr);
  EXPECT_EQ(sample->CountRows().ValueOrDie(), std::nullopt);
  EXPECT_EQ(sample->EstimateBytes().ValueOrDie(), std::nullopt);
  EXPECT_EQ(AllInputFiles(*sample).ValueOrDie().size(), 3);

  const auto others = listed->WithFiles({{Path("d/1001"), 2}, {Path("d/1002"), 2}}).ValueOrDie();
  EXPECT_EQ(AsListedSource(*others), nullptr) << "these are all of it";
  EXPECT_EQ(ReadAll(others)->num_rows(), 2);
}

}  // namespace
}  // namespace headrace::datasource
