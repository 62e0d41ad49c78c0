// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/initialize.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "headrace/block/tensor.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/registry.h"
#include "headrace/io/listing.h"

namespace headrace::datasource {

/// Tests of this folder: a directory that goes with the test, and reading and writing in one call.
class DatasourceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    ASSERT_TRUE(arrow::compute::Initialize().ok());
    ASSERT_TRUE(RegisterExtensionTypes().ok());
  }
  DatasourceTest() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
  }
  ~DatasourceTest() override { std::filesystem::remove_all(dir_); }

  std::string Path(const std::string& name) const { return dir_ + "/" + name; }

  void WriteText(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    std::ofstream(Path(name), std::ios::binary) << text;
  }

  FileReadOptions Files(const std::string& name) const {
    FileReadOptions options;
    auto files = io::ListFiles({{Path(name)}, {}}, {});
    EXPECT_TRUE(files.ok()) << files.status().ToString();
    options.SetFiles(*std::move(files));
    return options;
  }

  /// All rows, task by task; `source` goes through its serialized form first.
  static Result<Block> ReadAll(const DatasourcePtr& source, ReadParallelism parallelism = {},
                               ReadOptions options = {}) {
    ARROW_ASSIGN_OR_RAISE(const auto tasks, source->PlanReadTasks(parallelism));
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, source->Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto copy, DeserializeDatasource(source->kind(), bytes));
    std::vector<Block> blocks;
    for (const ReadTask& task : tasks) {
      ARROW_ASSIGN_OR_RAISE(const auto reader, copy->Open(task, options));
      while (true) {
        ARROW_ASSIGN_OR_RAISE(auto block, reader->Next());
        if (!block) break;
        blocks.push_back(*std::move(block));
      }
    }
    if (blocks.empty()) return Block();
    return ConcatBlocks(blocks);
  }

  /// Writes each block as one task and commits.
  static Status WriteAll(const DatasinkPtr& sink, const std::vector<Block>& blocks) {
    ARROW_ASSIGN_OR_RAISE(const bool wanted, sink->Prepare());
    if (!wanted) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, sink->Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto copy, DeserializeDatasink(sink->kind(), bytes));
    std::vector<std::string> finished;
    for (const Block& block : blocks) {
      WriteTaskInfo info;
      info.write_id = "w" + std::to_string(writes_++);
      info.task_index = static_cast<int64_t>(finished.size());
      ARROW_ASSIGN_OR_RAISE(const auto writer, copy->OpenWriter(info));
      ARROW_RETURN_NOT_OK(writer->Write(block));
      ARROW_ASSIGN_OR_RAISE(std::string result, writer->Finish());
      finished.push_back(std::move(result));
    }
    return sink->Commit(finished);
  }

  /// Names of all files below `name`, hidden ones too.
  std::vector<std::string> FilesBelow(const std::string& name) const {
    std::vector<std::string> files;
    if (!std::filesystem::exists(Path(name))) return files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Path(name))) {
      if (entry.is_regular_file()) files.push_back(entry.path().string());
    }
    return files;
  }

  FileWriteOptions WriteTo(const std::string& name, SaveMode mode = SaveMode::kAppend) const {
    FileWriteOptions options;
    options.path = Path(name);
    options.mode = mode;
    options.dataset_id = "data";
    return options;
  }

  std::string dir_;
  static inline int writes_ = 0;
};

template <typename T>
T ValueOf(Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return *std::move(result);
}

}  // namespace headrace::datasource
