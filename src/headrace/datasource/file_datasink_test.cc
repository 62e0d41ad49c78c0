// SPDX-License-Identifier: Apache-2.0
#include <arrow/builder.h>
#include <gmock/gmock.h>
#include <parquet/file_reader.h>

#include <map>

#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using testing::HasSubstr;

class FileDatasinkTest : public DatasourceTest {
 protected:
  static Block Rows(int64_t begin, int64_t count) {
    arrow::Int64Builder ids;
    arrow::StringBuilder keys;
    for (int64_t i = begin; i < begin + count; ++i) {
      EXPECT_TRUE(ids.Append(i).ok() && keys.Append(i % 2 == 0 ? "even" : "odd").ok());
    }
    return Block(arrow::RecordBatch::Make(
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("key", arrow::utf8())}),
        count, {*ids.Finish(), *keys.Finish()}));
  }
  DatasinkPtr Sink(const std::string& name, SaveMode mode = SaveMode::kAppend) const {
    ParquetWriteOptions options;
    options.files = WriteTo(name, mode);
    return ValueOf(MakeParquetDatasink(options));
  }
  Result<Block> ReadBack(const std::string& name) const {
    ParquetReadOptions options;
    options.files = Files(name);
    options.files.partitioning.style = Partitioning::Style::kHive;
    ARROW_ASSIGN_OR_RAISE(const auto source, MakeParquetDatasource(options));
    return ReadAll(source);
  }
};

TEST_F(FileDatasinkTest, WritesOneFilePerTaskThatReadsBackTheSame) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 10), Rows(10, 5)}).ok());
  EXPECT_EQ(FilesBelow("out").size(), 2u);
  const Block block = ValueOf(ReadBack("out"));
  EXPECT_TRUE(block.batch()->Equals(*ValueOf(ConcatBlocks({Rows(0, 10), Rows(10, 5)})).batch()));
}

TEST_F(FileDatasinkTest, SaveModesTreatAnExistingDirectoryAsTheySay) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 10)}).ok());
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(10, 10)}).ok());
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 20);
  for (const SaveMode mode : {SaveMode::kError, SaveMode::kCreate}) {
    const auto prepared = Sink("out", mode)->Prepare();
    ASSERT_TRUE(prepared.status().IsInvalid());
    EXPECT_THAT(prepared.status().message(), HasSubstr("already exists"));
  }
  EXPECT_FALSE(ValueOf(Sink("out", SaveMode::kIgnore)->Prepare()));
  EXPECT_TRUE(ValueOf(Sink("new", SaveMode::kIgnore)->Prepare()));
  ASSERT_TRUE(WriteAll(Sink("out", SaveMode::kOverwrite), {Rows(100, 3)}).ok());
  EXPECT_EQ(FilesBelow("out").size(), 1u);
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 3);
}

TEST_F(FileDatasinkTest, OverwriteKeepsTheOldFilesUntilTheCommit) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 10)}).ok());
  const auto sink = Sink("out", SaveMode::kOverwrite);
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  const auto writer = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = 0}));
  ASSERT_TRUE(writer->Write(Rows(10, 10)).ok());
  const std::string finished = ValueOf(writer->Finish());
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 10);
  sink->Abort({finished});
  EXPECT_EQ(FilesBelow("out").size(), 1u);
}

TEST_F(FileDatasinkTest, ACommitFailsWhenAFileCannotBeFlushed) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 10)}).ok());
  const auto before = FilesBelow("out");
  const auto sink = Sink("out", SaveMode::kOverwrite);
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  std::vector<std::string> finished;
  for (int task = 0; task < 20; ++task) {
    const auto writer = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = task}));
    ASSERT_TRUE(writer->Write(Rows(task, 1)).ok());
    finished.push_back(ValueOf(writer->Finish()));
  }
  std::string lost;
  for (const std::string& file : FilesBelow("out")) {
    if (file.find("-000013-") != std::string::npos) lost = file;
  }
  ASSERT_TRUE(std::filesystem::remove(lost));
  const Status committed = sink->Commit(finished);
  EXPECT_THAT(committed.message(), HasSubstr("Cannot flush '" + lost));
  sink->Abort(finished);
  EXPECT_EQ(FilesBelow("out"), before);
}

TEST_F(FileDatasinkTest, AnAbortedWriteLeavesNothing) {
  const auto sink = Sink("out");
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  const auto done = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = 0}));
  ASSERT_TRUE(done->Write(Rows(0, 10)).ok());
  const std::string finished = ValueOf(done->Finish());
  auto dropped = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = 1}));
  ASSERT_TRUE(dropped->Write(Rows(0, 10)).ok());
  dropped.reset();
  sink->Abort({finished});
  EXPECT_FALSE(std::filesystem::exists(Path("out")));
}

TEST_F(FileDatasinkTest, FilesOfTasksThatDiedAreRemovedAndThoseOfOtherWritesAreNot) {
  const auto sink = Sink("out");
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  const auto write = [&](const std::string& write_id) {
    const auto writer = ValueOf(sink->OpenWriter({.write_id = write_id, .task_index = 0}));
    EXPECT_TRUE(writer->Write(Rows(0, 10)).ok());
    return ValueOf(writer->Finish());
  };
  write("dead");  // nobody gets the result
  const std::string alive = write("alive");
  sink->RemoveLeftovers("dead");
  EXPECT_EQ(FilesBelow("out").size(), 1u);
  ASSERT_TRUE(sink->Commit({alive}).ok());
  sink->RemoveLeftovers("alive");
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 10);
}

TEST_F(FileDatasinkTest, ACommitThatFailsLeavesNoneOfTheNewFiles) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 10)}).ok());
  const auto sink = Sink("out");
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  std::vector<std::string> finished;
  for (int64_t task = 0; task < 2; ++task) {
    const auto writer = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = task}));
    ASSERT_TRUE(writer->Write(Rows(10, 10)).ok());
    finished.push_back(ValueOf(writer->Finish()));
  }
  for (const std::string& file : FilesBelow("out")) {
    if (file.find(".tmp-w-000001") != std::string::npos) std::filesystem::remove(file);
  }
  EXPECT_FALSE(sink->Commit(finished).ok());
  sink->RemoveLeftovers("w");
  EXPECT_EQ(FilesBelow("out").size(), 1u);
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 10);
}

TEST_F(FileDatasinkTest, TheNextWriteFinishesOrUndoesWhatADriverLeft) {
  const std::string out = Path("out");
  const auto log = [&](const std::string& name) {
    WriteText("out/.commit-" + name,
              "headrace commit 1\nmove .tmp-a k%3D1/a.txt\nmove .tmp-b b.txt\nremove old.txt\nend");
  };
  WriteText("out/old.txt", "old");
  WriteText("out/.tmp-a", "a");
  WriteText("out/b.txt", "b");  // was moved already
  log("1.log");
  ASSERT_TRUE(ValueOf(Sink("out")->Prepare()));
  EXPECT_THAT(FilesBelow("out"),
              ::testing::UnorderedElementsAre(out + "/b.txt", out + "/k=1/a.txt"));
  WriteText("out/.tmp-a", "again");
  log("2.undo");
  ASSERT_TRUE(ValueOf(Sink("out")->Prepare()));
  EXPECT_TRUE(FilesBelow("out").empty());
  WriteText("out/.commit-3.log", "headrace commit 1\nmove a");
  const auto prepared = Sink("out")->Prepare();
  EXPECT_THAT(prepared.status().message(), HasSubstr(".commit-3.log"));
}

TEST_F(FileDatasinkTest, ALogThatAnybodyWroteCannotReachOtherDirectories) {
  WriteText("other/kept.txt", "kept");
  for (const std::string& name :
       {Path("other/kept.txt"), std::string("../other/kept.txt"),
        std::string("a/../../other/kept.txt"), std::string("%2E%2E"), std::string()}) {
    WriteText("out/.commit-1.log", "headrace commit 1\nremove " + name + "\nend");
    EXPECT_THAT(Sink("out")->Prepare().status().message(), HasSubstr(".commit-1.log")) << name;
  }
  EXPECT_EQ(FilesBelow("other").size(), 1u);
}

TEST_F(FileDatasinkTest, NoRowsMakeNoFileAndNoDirectory) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Rows(0, 0)}).ok());
  EXPECT_FALSE(std::filesystem::exists(Path("out")));
}

TEST_F(FileDatasinkTest, SplitsFilesAtTheMaximumOfRows) {
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  options.files.max_rows_per_file = 4;
  ASSERT_TRUE(WriteAll(ValueOf(MakeParquetDatasink(options)), {Rows(0, 10)}).ok());
  EXPECT_EQ(FilesBelow("out").size(), 3u);
  EXPECT_EQ(ValueOf(ReadBack("out")).num_rows(), 10);
}

TEST_F(FileDatasinkTest, PartitionColumnsBecomeDirectories) {
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  options.partition_cols = {"key"};
  ASSERT_TRUE(WriteAll(ValueOf(MakeParquetDatasink(options)), {Rows(0, 10)}).ok());
  EXPECT_TRUE(std::filesystem::is_directory(Path("out/key=even")));
  EXPECT_TRUE(std::filesystem::is_directory(Path("out/key=odd")));
  const Block block = ValueOf(ReadBack("out"));
  EXPECT_EQ(block.schema()->field_names(), (std::vector<std::string>{"id", "key"}));
  EXPECT_EQ(block.num_rows(), 10);
}

TEST_F(FileDatasinkTest, AnUnknownCompressionIsRefused) {
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  options.compression = "zip";
  EXPECT_TRUE(MakeParquetDatasink(options).status().IsInvalid());
}

TEST_F(FileDatasinkTest, CsvReadsBackTheSame) {
  CsvWriteOptions write;
  write.files = WriteTo("out");
  ASSERT_TRUE(WriteAll(ValueOf(MakeCsvDatasink(write)), {Rows(0, 10)}).ok());
  CsvReadOptions read;
  read.files = Files("out");
  EXPECT_TRUE(
      ValueOf(ReadAll(ValueOf(MakeCsvDatasource(read)))).batch()->Equals(*Rows(0, 10).batch()));
}

TEST_F(FileDatasinkTest, CompressedTextIsNamedSoAndReadsBackTheSame) {
  for (const auto& [compression, suffix] : std::map<std::string, std::string>{{"gzip", ".gz"},
                                                                              {"bz2", ".bz2"},
                                                                              {"zstd", ".zst"},
                                                                              {"lz4", ".lz4"},
                                                                              {"brotli", ".br"}}) {
    CsvWriteOptions csv;
    csv.files = WriteTo("csv" + suffix);
    csv.files.stream_compression = compression;
    ASSERT_TRUE(WriteAll(ValueOf(MakeCsvDatasink(csv)), {Rows(0, 10000)}).ok());
    FileWriteOptions json = WriteTo("json" + suffix);
    json.stream_compression = compression;
    ASSERT_TRUE(WriteAll(ValueOf(MakeJsonDatasink(json)), {Rows(0, 10000)}).ok());
    EXPECT_EQ(FilesBelow("csv" + suffix).size(), 1u);
    uintmax_t bytes = 0;
    for (const auto& file : FilesBelow("csv" + suffix)) {
      EXPECT_TRUE(file.ends_with(".csv" + suffix)) << file;
      bytes += std::filesystem::file_size(file);
    }
    EXPECT_LT(bytes, 60000u) << compression;  // far above as text
    CsvReadOptions read_csv;
    read_csv.files = Files("csv" + suffix);
    JsonReadOptions read_json;
    read_json.files = Files("json" + suffix);
    for (const auto& source :
         {ValueOf(MakeCsvDatasource(read_csv)), ValueOf(MakeJsonDatasource(read_json))}) {
      EXPECT_TRUE(ValueOf(ReadAll(source)).batch()->Equals(*Rows(0, 10000).batch()));
    }
  }
}

TEST_F(FileDatasinkTest, CompressionsAndNamesThatReadersWouldNotKnowAreRefused) {
  FileWriteOptions options = WriteTo("out");
  options.stream_compression = "zip";
  EXPECT_THAT(ValueOf(MakeJsonDatasink(options))->Prepare().status().message(),
              HasSubstr("gzip, bz2, zstd, lz4, brotli"));
  options.stream_compression = "gzip";
  options.name_task = [](const std::string&, int64_t) { return std::string("rows.json"); };
  const auto sink = ValueOf(MakeJsonDatasink(options));
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  const auto writer = ValueOf(sink->OpenWriter({.write_id = "w", .task_index = 0}));
  ASSERT_TRUE(writer->Write(Rows(0, 3)).ok());
  EXPECT_THAT(sink->Commit({ValueOf(writer->Finish())}).message(), HasSubstr("end in '.gz'"));
}

TEST_F(FileDatasinkTest, JsonReadsBackTheSame) {
  ASSERT_TRUE(WriteAll(ValueOf(MakeJsonDatasink(WriteTo("out"))), {Rows(0, 10)}).ok());
  JsonReadOptions read;
  read.files = Files("out");
  EXPECT_TRUE(
      ValueOf(ReadAll(ValueOf(MakeJsonDatasource(read)))).batch()->Equals(*Rows(0, 10).batch()));
}

TEST_F(FileDatasinkTest, NumpyReadsBackTensors) {
  const auto tensors = ValueOf(ReadAll(ValueOf(MakeRangeDatasource(6, {2, 2}))));
  ASSERT_TRUE(WriteAll(ValueOf(MakeNumpyDatasink(WriteTo("out"), "data")), {tensors}).ok());
  NumpyReadOptions read;
  read.files = Files("out");
  EXPECT_TRUE(
      ValueOf(ReadAll(ValueOf(MakeNumpyDatasource(read)))).batch()->Equals(*tensors.batch()));
}

TEST_F(FileDatasinkTest, NumpyHoldsNoBlockUntilTheFileEnds) {
  const auto sink = ValueOf(MakeNumpyDatasink(WriteTo("out"), "id"));
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  WriteTaskInfo info;
  info.write_id = "w";
  const auto writer = ValueOf(sink->OpenWriter(info));
  for (int64_t begin = 0; begin < 1000; begin += 100) {
    Block block = Rows(begin, 100);
    const std::weak_ptr<arrow::Array> column = block.batch()->column(0);
    ASSERT_TRUE(writer->Write(block).ok());
    block = Block();
    EXPECT_TRUE(column.expired()) << "at row " << begin;
  }
  ASSERT_TRUE(sink->Commit({ValueOf(writer->Finish())}).ok());
  NumpyReadOptions read;
  read.files = Files("out");
  const Block block = ValueOf(ReadAll(ValueOf(MakeNumpyDatasource(read))));
  EXPECT_TRUE(block.batch()->column(0)->Equals(*Rows(0, 1000).batch()->column(0)));
}

TEST_F(FileDatasinkTest, ParquetRowGroupsEndByBytes) {
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  const auto sink = ValueOf(MakeParquetDatasink(options));
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  WriteTaskInfo info;
  info.write_id = "w";
  info.target_max_block_size = 1;  // the least: 8 MiB
  const auto writer = ValueOf(sink->OpenWriter(info));
  arrow::BinaryBuilder builder;
  for (int i = 0; i < 6; ++i) ASSERT_TRUE(builder.Append(std::string(3 << 20, 'a' + i)).ok());
  const Block block(arrow::RecordBatch::Make(arrow::schema({arrow::field("b", arrow::binary())}), 6,
                                             {*builder.Finish()}));
  ASSERT_TRUE(writer->Write(block.Slice(0, 2)).ok());
  ASSERT_TRUE(writer->Write(block.Slice(2, 4)).ok());
  ASSERT_TRUE(sink->Commit({ValueOf(writer->Finish())}).ok());
  const auto files = FilesBelow("out");
  ASSERT_EQ(files.size(), 1u);
  const auto reader = parquet::ParquetFileReader::OpenFile(files[0]);
  EXPECT_EQ(reader->metadata()->num_rows(), 6);
  EXPECT_EQ(reader->metadata()->num_row_groups(), 3);
}

TEST_F(FileDatasinkTest, ParquetWritesHugeRowsWithFewCopies) {
  constexpr int64_t kRowBytes = 32 << 20;
  arrow::ProxyMemoryPool pool(arrow::default_memory_pool());
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  const auto sink = ValueOf(MakeParquetDatasink(options));
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  WriteTaskInfo info;
  info.write_id = "w";
  info.target_max_block_size = 8 << 20;
  info.pool = &pool;
  const auto writer = ValueOf(sink->OpenWriter(info));
  arrow::BinaryBuilder bytes;
  arrow::Int64Builder ids;
  for (int i = 0; i < 4; ++i) {  // the first decides what is known of the column
    const bool is_huge = i == 0 || i == 2;
    ASSERT_TRUE(bytes.Append(std::string(is_huge ? kRowBytes : 10, 'a' + i)).ok());
    ASSERT_TRUE(ids.Append(i).ok());
  }
  const Block block(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("b", arrow::binary()), arrow::field("id", arrow::int64())}), 4,
      {*bytes.Finish(), *ids.Finish()}));
  for (int i = 0; i < 4; ++i) ASSERT_TRUE(writer->Write(block.Slice(i, 1)).ok());
  ASSERT_TRUE(sink->Commit({ValueOf(writer->Finish())}).ok());
  // Encoded, as a page, compressed; with a dictionary it would be more than five times.
  EXPECT_LT(pool.max_memory(), 4 * kRowBytes);
  EXPECT_TRUE(ValueOf(ReadBack("out")).batch()->Equals(*block.batch()));
}

TEST_F(FileDatasinkTest, ParquetRowGroupsOfManyColumnsAreLarger) {
  constexpr int kColumns = 2000;
  constexpr int64_t kRows = 3000;
  ParquetWriteOptions options;
  options.files = WriteTo("out");
  const auto sink = ValueOf(MakeParquetDatasink(options));
  ASSERT_TRUE(ValueOf(sink->Prepare()));
  WriteTaskInfo info;
  info.write_id = "w";
  info.target_max_block_size = 8 << 20;
  const auto writer = ValueOf(sink->OpenWriter(info));
  arrow::FloatBuilder builder;
  for (int64_t i = 0; i < kRows; ++i) {
    ASSERT_TRUE(builder.Append(static_cast<float>(i * i % 251)).ok());
  }
  const auto column = *builder.Finish();
  arrow::FieldVector fields;
  for (int i = 0; i < kColumns; ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), arrow::float32()));
  }
  const Block block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), kRows,
                                             arrow::ArrayVector(kColumns, column)));
  // 24 MB in three blocks: with row groups of a block's size there would be three.
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(writer->Write(block.Slice(i * 1000, 1000)).ok());
  ASSERT_TRUE(sink->Commit({ValueOf(writer->Finish())}).ok());
  const auto metadata = parquet::ParquetFileReader::OpenFile(FilesBelow("out").at(0))->metadata();
  EXPECT_EQ(metadata->num_rows(), kRows);
  ASSERT_EQ(metadata->num_row_groups(), 2);
  EXPECT_EQ(metadata->RowGroup(0)->num_rows(), 2000) << "8 KiB of each column";
}

}  // namespace
}  // namespace headrace::datasource
