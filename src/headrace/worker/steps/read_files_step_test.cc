// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/read_files_step.h"

#include <arrow/array/array_binary.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "headrace/datasource/file_options.h"
#include "headrace/datasource/listing_datasource.h"
#include "headrace/worker/steps/run_step_test.h"

namespace headrace::worker {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ReadFilesStepTest : public ::testing::Test {
 protected:
  ReadFilesStepTest() {
    std::string pattern = std::filesystem::temp_directory_path() / "read_files_step_test.XXXXXX";
    dir_ = ::mkdtemp(pattern.data());
    for (const char* name : {"a", "b", "c"}) {
      std::ofstream(dir_ + "/" + name) << name << "1\n" << name << "2\n";
    }
  }
  ~ReadFilesStepTest() override { std::filesystem::remove_all(dir_); }

  DatasourcePtr Text() const {
    datasource::TextReadOptions text;
    text.files.SetFiles({{dir_ + "/a", 6}});
    return datasource::MakeTextDatasource(std::move(text)).ValueOrDie();
  }
  Block ListOf(const std::vector<std::string>& names) const {
    auto listing = std::make_shared<io::Listing>();
    for (const std::string& name : names) listing->paths.push_back(dir_ + "/" + name);
    const auto source = datasource::MakeListingDatasource(listing, {}, {}).ValueOrDie();
    const auto tasks = source->PlanReadTasks({}).ValueOrDie();
    return source->Open(tasks.front(), {}).ValueOrDie()->Next().ValueOrDie().value();
  }
  static std::vector<std::string> Lines(const std::vector<Block>& blocks) {
    std::vector<std::string> lines;
    for (const Block& block : blocks) {
      const auto& text = static_cast<const arrow::StringArray&>(*block.batch()->column(0));
      for (int64_t i = 0; i < text.length(); ++i) lines.push_back(text.GetString(i));
    }
    return lines;
  }

  std::string dir_;
};

TEST_F(ReadFilesStepTest, ReadsTheFilesOfEachListInOrder) {
  const auto step = std::make_shared<ReadFilesStepSpec>(Text(), -1, 0);
  EXPECT_EQ(step->name(), "ReadFilesText");
  const auto blocks = RunStep(step, {ListOf({"c", "b"}), ListOf({"a"})});
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(Lines(*blocks), ElementsAre("c1", "c2", "b1", "b2", "a1", "a2"));
}

TEST_F(ReadFilesStepTest, OpensNoFileBeyondItsLimit) {
  const Block list = ListOf({"a", "b", "c"});
  std::filesystem::remove(dir_ + "/c");
  const auto blocks = RunStep(std::make_shared<ReadFilesStepSpec>(Text(), 3, 0), {list, list});
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(Lines(*blocks), ElementsAre("a1", "a2", "b1"));
}

TEST_F(ReadFilesStepTest, AFileThatWentAwaySinceItWasListedIsNamed) {
  const Block list = ListOf({"a", "b"});
  std::filesystem::remove(dir_ + "/b");
  const Status status =
      RunStep(std::make_shared<ReadFilesStepSpec>(Text(), -1, 0), {list}).status();
  ASSERT_NE(GetErrorDetail(status), nullptr) << status;
  EXPECT_EQ(GetErrorDetail(status)->kind(), ErrorKind::kFileNotFound);
  EXPECT_THAT(status.message(), HasSubstr(dir_ + "/b"));
}

TEST_F(ReadFilesStepTest, RefusesASourceThatReadsNoFiles) {
  const auto range = datasource::MakeRangeDatasource(3).ValueOrDie();
  const Status status = RunStep(std::make_shared<ReadFilesStepSpec>(range, -1, 0), {}).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
}

}  // namespace
}  // namespace headrace::worker
