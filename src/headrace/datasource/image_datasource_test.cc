// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/image_datasource.h"

#include <arrow/array.h>
#include <arrow/extension_type.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <fstream>

#include "headrace/block/tensor.h"
#include "headrace/datasource/file_options.h"
#include "headrace/media/test_images.h"

namespace headrace::datasource {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class ImageDatasourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    static const Status registered = RegisterExtensionTypes();
    std::string pattern = std::filesystem::temp_directory_path() / "image_test.XXXXXX";
    root_ = ::mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(root_); }

  std::string Write(const std::string& name, const std::vector<uint8_t>& bytes) {
    const auto path = std::filesystem::path(root_) / name;
    std::filesystem::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), static_cast<long>(bytes.size()));
    return path;
  }
  /// An RGB image of one color.
  std::string WriteFlat(const std::string& name, int width, int height, uint8_t value) {
    return Write(name, media::EncodePng(std::vector<uint8_t>(width * height * 3, value), width,
                                        height, PNG_COLOR_TYPE_RGB));
  }

  static ImageReadOptions Options(std::vector<std::string> paths) {
    ImageReadOptions options;
    options.files.paths = std::move(paths);
    options.files.sizes.assign(options.files.paths.size(), 100);
    return options;
  }

  /// Blocks of all tasks, through another process's eyes.
  static Result<std::vector<Block>> ReadAll(const ImageReadOptions& options,
                                            ReadParallelism parallelism = {},
                                            ReadOptions read = {}) {
    ARROW_ASSIGN_OR_RAISE(const auto made, MakeImageDatasource(options));
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, made->Serialize());
    ARROW_ASSIGN_OR_RAISE(const auto source, DeserializeImageDatasource(bytes));
    ARROW_ASSIGN_OR_RAISE(const auto tasks, source->PlanReadTasks(parallelism));
    std::vector<Block> blocks;
    for (const ReadTask& task : tasks) {
      ARROW_ASSIGN_OR_RAISE(const auto reader, source->Open(task, read));
      while (true) {
        ARROW_ASSIGN_OR_RAISE(auto block, reader->Next());
        if (!block) break;
        blocks.push_back(*block);
      }
    }
    return blocks;
  }

  static ReadParallelism OneTask() {
    ReadParallelism parallelism;
    parallelism.override_num_blocks = 1;
    return parallelism;
  }

  /// First element of each row's tensor.
  static std::vector<int> FirstValues(const std::vector<Block>& blocks) {
    std::vector<int> values;
    for (const Block& block : blocks) {
      const auto& tensor = static_cast<const arrow::ExtensionArray&>(*block.batch()->column(0));
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(*tensor.storage());
      const auto& pixels = static_cast<const arrow::UInt8Array&>(*list.values());
      for (int64_t row = 0; row < block.num_rows(); ++row) {
        values.push_back(pixels.Value(list.value_offset(row)));
      }
    }
    return values;
  }

  std::string root_;
};

TEST_F(ImageDatasourceTest, GivesImagesInPathOrderWhateverTheNumberOfTasks) {
  std::vector<std::string> paths;
  for (int i = 0; i < 7; ++i) {
    paths.push_back(WriteFlat(std::to_string(i) + ".png", 10 + i, 8, static_cast<uint8_t>(i)));
  }
  auto options = Options(paths);
  options.size = {4, 6};
  options.mode = "RGB";
  for (int64_t num_tasks : {1, 3, 7, 100}) {
    ReadParallelism parallelism;
    parallelism.override_num_blocks = num_tasks;
    const auto blocks = ReadAll(options, parallelism);
    ASSERT_TRUE(blocks.ok()) << blocks.status();
    EXPECT_EQ(blocks->size(), static_cast<size_t>(std::min<int64_t>(num_tasks, 7)));
    EXPECT_EQ(TensorShape(*blocks->at(0).schema()->field(0)->type()),
              (std::vector<int64_t>{4, 6, 3}));
    EXPECT_THAT(FirstValues(*blocks), ElementsAre(0, 1, 2, 3, 4, 5, 6));
  }
}

TEST_F(ImageDatasourceTest, MixedSizesMakeVariableShapes) {
  const auto same = Options({WriteFlat("a.png", 5, 4, 1), WriteFlat("b.png", 5, 4, 2)});
  const auto mixed = Options({WriteFlat("c.png", 5, 4, 1), WriteFlat("d.png", 4, 5, 2)});
  auto blocks = ReadAll(same, OneTask());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_TRUE(IsFixedShapeTensor(*blocks->at(0).schema()->field(0)->type()));
  blocks = ReadAll(mixed, OneTask());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  ASSERT_EQ(blocks->size(), 1U);
  EXPECT_TRUE(IsVariableShapeTensor(*blocks->at(0).schema()->field(0)->type()));
  EXPECT_TRUE(blocks->at(0).batch()->ValidateFull().ok());
}

TEST_F(ImageDatasourceTest, AddsPathAndPartitionColumns) {
  auto options =
      Options({WriteFlat("label=cat/a.png", 2, 2, 1), WriteFlat("label=dog/b.png", 2, 2, 2)});
  options.files.include_paths = true;
  options.files.partitioning.style = Partitioning::Style::kHive;
  const auto blocks = ReadAll(options, OneTask());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  const auto& batch = blocks->at(0).batch();
  const auto text = [&](const char* column, int64_t row) {
    return (*batch->GetColumnByName(column)->GetScalar(row))->ToString();
  };
  EXPECT_EQ(text("label", 0), "cat");
  EXPECT_EQ(text("label", 1), "dog");
  EXPECT_EQ(text("path", 1), options.files.paths[1]);
}

TEST_F(ImageDatasourceTest, AnErrorNamesTheFile) {
  const auto good = WriteFlat("a.png", 3, 3, 1);
  auto options = Options({good, Write("broken.jpg", {0xff, 0xd8, 0xff, 0xe0, 0, 1})});
  const Status status = ReadAll(options).status();
  EXPECT_TRUE(status.IsInvalid()) << status;
  EXPECT_THAT(status.message(), HasSubstr("broken.jpg"));
  options.files.paths[1] = root_ + "/gone.png";
  const Status gone = ReadAll(options).status();
  EXPECT_THAT(gone.message(), HasSubstr("gone.png"));
  ASSERT_NE(GetErrorDetail(gone), nullptr);
  EXPECT_EQ(GetErrorDetail(gone)->kind(), ErrorKind::kFileNotFound);
}

TEST_F(ImageDatasourceTest, LeavesOutBrokenFilesWhenAsked) {
  auto options = Options(
      {WriteFlat("a.png", 3, 3, 1), Write("b.png", {1, 2, 3}), WriteFlat("c.png", 3, 3, 3)});
  ReadOptions read;
  read.max_errored_files = 1;
  auto blocks = ReadAll(options, OneTask(), read);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(FirstValues(*blocks), ElementsAre(1, 3));
  options.skip_errors = true;
  blocks = ReadAll(options, OneTask());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(FirstValues(*blocks), ElementsAre(1, 3));
}

TEST_F(ImageDatasourceTest, BlocksStayBelowTheTargetSize) {
  std::vector<std::string> paths;
  for (int i = 0; i < 10; ++i) paths.push_back(WriteFlat(std::to_string(i) + ".png", 10, 10, 9));
  ReadOptions read;
  read.target_max_block_size = 650;  // two images of 300 bytes
  const auto blocks = ReadAll(Options(paths), OneTask(), read);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(blocks->size(), 5U);
  for (const Block& block : *blocks) EXPECT_EQ(block.num_rows(), 2);
}

TEST_F(ImageDatasourceTest, StopsAtTheLimitAndWhenCancelled) {
  std::vector<std::string> paths;
  for (int i = 0; i < 5; ++i) paths.push_back(WriteFlat(std::to_string(i) + ".png", 2, 2, 9));
  ReadOptions read;
  read.limit_rows = 3;
  auto blocks = ReadAll(Options(paths), OneTask(), read);
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_EQ(FirstValues(*blocks).size(), 3U);
  const std::atomic<bool> cancelled = true;
  read.cancelled = &cancelled;
  EXPECT_TRUE(ReadAll(Options(paths), OneTask(), read).status().IsCancelled());
}

TEST_F(ImageDatasourceTest, KnowsItsSchemaAndRowsWithoutReadingAll) {
  auto options = Options({WriteFlat("a.png", 5, 4, 1), WriteFlat("b.png", 9, 9, 1)});
  auto source = MakeImageDatasource(options);
  EXPECT_TRUE(IsVariableShapeTensor(*(*(*source)->Schema())->field(0)->type()));
  EXPECT_EQ(*(*source)->CountRows(), 2);
  EXPECT_EQ(*(*source)->EstimateBytes(), 5 * 4 * 3 + 9 * 9 * 3);
  options.size = {3, 7};
  options.mode = "L";
  source = MakeImageDatasource(options);
  EXPECT_EQ(TensorShape(*(*(*source)->Schema())->field(0)->type()), (std::vector<int64_t>{3, 7}));
}

TEST_F(ImageDatasourceTest, RefusesBadOptions) {
  auto options = Options({"a.png"});
  options.size = {0, 5};
  EXPECT_THAT(MakeImageDatasource(options).status().message(), HasSubstr("positive"));
  options.size.reset();
  options.mode = "XYZ";
  EXPECT_THAT(MakeImageDatasource(options).status().message(), HasSubstr("XYZ"));
}

/// Nine images, of which the planner looks at eight: the large one is the ninth.
TEST_F(ImageDatasourceTest, AnImageLargerThanDeclaredIsAskedForBeforeItIsDecoded) {
  std::vector<std::string> paths;
  for (int i = 0; i < 8; ++i) paths.push_back(WriteFlat("a" + std::to_string(i), 4, 4, 1));
  paths.push_back(WriteFlat("b", 400, 300, 2));
  auto options = Options(paths);
  std::vector<int64_t> asked;
  int64_t held = 0;
  ReadOptions read;
  read.hold_memory = [&](int64_t bytes) -> Result<MemoryHold> {
    asked.push_back(bytes);
    ++held;
    return MemoryHold(&held, [](int64_t* count) { --*count; });
  };
  const auto blocks = ReadAll(options, OneTask(), read);
  ASSERT_TRUE(blocks.ok()) << blocks.status().ToString();
  ASSERT_EQ(asked.size(), 1u);
  EXPECT_GT(asked[0], 400 * 300 * 3 - 1000);
  EXPECT_EQ(held, 0) << "given back before the block leaves";

  read.hold_memory = [](int64_t) -> Result<MemoryHold> { return Status::Cancelled("no room"); };
  EXPECT_TRUE(ReadAll(options, OneTask(), read).status().IsCancelled());
}

TEST_F(ImageDatasourceTest, TasksDeclareABlockAndAnImageOnItsWay) {
  std::vector<std::string> paths;
  for (int i = 0; i < 10; ++i) paths.push_back(WriteFlat("a" + std::to_string(i), 100, 100, 1));
  auto options = Options(paths);
  options.size = {10, 10};
  auto parallelism = OneTask();
  const auto source = *MakeImageDatasource(options);
  const int64_t heap = source->PlanReadTasks(parallelism)->at(0).heap_bytes;
  EXPECT_GE(heap, 100 * 100 * 3 + 10 * 10 * 10 * 3) << "the image as it is stored, and the block";
  EXPECT_LT(heap, 2 * (100 * 100 * 3 + 10 * 10 * 10 * 3));
}

TEST_F(ImageDatasourceTest, ATaskHasTheRowsOfABatchWhereABlockHasFewer) {
  std::vector<std::string> paths;
  for (int i = 0; i < 60; ++i) paths.push_back(WriteFlat("a" + std::to_string(i), 100, 100, 1));
  const auto source = *MakeImageDatasource(Options(paths));
  const auto num_tasks = [&](int64_t batch_rows, int num_cpus = 2) {
    ReadParallelism parallelism;
    parallelism.num_cpus = num_cpus;
    parallelism.target_max_block_size = 10'000;  // a third of an image
    parallelism.batch_rows = batch_rows;
    const auto tasks = *source->PlanReadTasks(parallelism);
    for (const ReadTask& task : tasks) {
      EXPECT_GE(task.num_rows, std::min<int64_t>(batch_rows, 60 / (4 * num_cpus)));
    }
    return tasks.size();
  };
  EXPECT_EQ(num_tasks(0), 60);
  EXPECT_EQ(num_tasks(2), 30);
  EXPECT_EQ(num_tasks(7), 8);
  EXPECT_EQ(num_tasks(50), 8) << "four tasks for each CPU all the same";
  EXPECT_EQ(num_tasks(50, /*num_cpus=*/1), 4);
}

TEST_F(ImageDatasourceTest, AFastDecoderDeclaresTheFractionThatItDecodes) {
  const std::vector<uint8_t> pixels(160 * 160 * 3, 50);
  auto options = Options({Write("a.jpg", media::EncodeJpeg(pixels, 160, 160, 3))});
  options.size = {20, 20};
  const auto heap = [&] {
    return (*MakeImageDatasource(options))->PlanReadTasks(OneTask())->at(0).heap_bytes;
  };
  const int64_t accurate = heap();
  options.fast_decode = true;
  EXPECT_EQ(accurate - heap(), (160 * 160 - 20 * 20) * 3);
  const auto blocks = ReadAll(options, OneTask());
  ASSERT_TRUE(blocks.ok()) << blocks.status();
  EXPECT_THAT(FirstValues(*blocks), ElementsAre(50));
}

}  // namespace
}  // namespace headrace::datasource
