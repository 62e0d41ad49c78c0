// SPDX-License-Identifier: Apache-2.0
#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/compute/api_vector.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <gmock/gmock.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/parquet_memory.h"
#include "headrace/datasource/parquet_range_reader.h"
#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using testing::HasSubstr;

class ParquetDatasourceTest : public DatasourceTest {
 protected:
  /// Columns id (begin, begin + 1, …), name (10 different strings), half (id / 2.0).
  static std::shared_ptr<arrow::Table> Rows(int64_t begin, int64_t count) {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    arrow::DoubleBuilder halves;
    for (int64_t i = begin; i < begin + count; ++i) {
      EXPECT_TRUE(ids.Append(i).ok() && names.Append("name" + std::to_string(i % 10)).ok() &&
                  halves.Append(static_cast<double>(i) / 2).ok());
    }
    return arrow::Table::Make(
        arrow::schema({arrow::field("id", arrow::int64()), arrow::field("name", arrow::utf8()),
                       arrow::field("half", arrow::float64())}),
        {*ids.Finish(), *names.Finish(), *halves.Finish()});
  }

  void WriteParquet(const std::string& name, const arrow::Table& table, int64_t group_rows) const {
    std::filesystem::create_directories(std::filesystem::path(Path(name)).parent_path());
    auto out = *arrow::io::FileOutputStream::Open(Path(name));
    ASSERT_TRUE(
        parquet::arrow::WriteTable(table, arrow::default_memory_pool(), out, group_rows).ok());
    ASSERT_TRUE(out->Close().ok());
  }

  ParquetReadOptions Options(const std::string& name) const {
    ParquetReadOptions options;
    options.files = Files(name);
    return options;
  }

  static std::vector<int64_t> Ids(const Block& block) {
    std::vector<int64_t> ids;
    const auto column = block.batch()->GetColumnByName("id");
    if (column == nullptr) return ids;
    for (int64_t i = 0; i < column->length(); ++i) {
      ids.push_back(static_cast<const arrow::Int64Array&>(*column).Value(i));
    }
    return ids;
  }
};

TEST_F(ParquetDatasourceTest, ReadsAllRowsOfAllFilesInOrder) {
  WriteParquet("in/a.parquet", *Rows(0, 100), 30);
  WriteParquet("in/b.parquet", *Rows(100, 50), 30);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  EXPECT_EQ(ValueOf(source->CountRows()), 150);
  const Block block = ValueOf(ReadAll(source));
  EXPECT_TRUE(block.schema()->Equals(*ValueOf(source->Schema()), false));
  std::vector<int64_t> expected(150);
  std::iota(expected.begin(), expected.end(), 0);
  EXPECT_EQ(Ids(block), expected);
}

TEST_F(ParquetDatasourceTest, ProjectsColumnsInTheOrderAskedFor) {
  WriteParquet("in/a.parquet", *Rows(0, 10), 5);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const Block block = ValueOf(ReadAll(source->WithColumns({"half", "id"})));
  EXPECT_EQ(block.schema()->field_names(), (std::vector<std::string>{"half", "id"}));
}

TEST_F(ParquetDatasourceTest, AnUnknownColumnIsNamedWithTheColumnsThereAre) {
  WriteParquet("in/a.parquet", *Rows(0, 10), 5);
  auto options = Options("in");
  options.columns = std::vector<std::string>{"nope"};
  const auto schema = ValueOf(MakeParquetDatasource(options))->Schema();
  ASSERT_TRUE(schema.status().IsKeyError());
  EXPECT_THAT(schema.status().message(), HasSubstr("nope"));
  EXPECT_THAT(schema.status().message(), HasSubstr("id, name, half"));
}

TEST_F(ParquetDatasourceTest, FiltersRowsByPlainAndDictionaryColumns) {
  WriteParquet("in/a.parquet", *Rows(0, 1000), 300);
  auto options = Options("in");
  options.filter = Col("name") == Lit("name3") && Col("half") < Lit(100.0);
  options.columns = std::vector<std::string>{"id"};
  std::vector<int64_t> expected;
  for (int64_t i = 3; i < 200; i += 10) expected.push_back(i);
  EXPECT_EQ(Ids(ValueOf(ReadAll(ValueOf(MakeParquetDatasource(options))))), expected);
}

TEST_F(ParquetDatasourceTest, ATaskWithoutRowsGivesOneEmptyBlockWithTheSchema) {
  WriteParquet("in/a.parquet", *Rows(0, 100), 30);
  auto options = Options("in");
  options.filter = Col("name") == Lit("name55");  // between the smallest and the largest name
  const auto source = ValueOf(MakeParquetDatasource(options));
  const auto tasks = ValueOf(source->PlanReadTasks({.override_num_blocks = 1}));
  ASSERT_EQ(tasks.size(), 1u);
  const auto reader = ValueOf(source->Open(tasks[0], {}));
  const auto block = ValueOf(reader->Next());
  ASSERT_TRUE(block.has_value());
  EXPECT_EQ(block->num_rows(), 0);
  EXPECT_TRUE(block->schema()->Equals(*ValueOf(source->Schema())));
  EXPECT_FALSE(ValueOf(reader->Next()).has_value());
}

TEST_F(ParquetDatasourceTest, SkipsRowGroupsThatStatisticsRuleOut) {
  WriteParquet("in/a.parquet", *Rows(0, 1000), 100);
  auto options = Options("in");
  options.filter = Col("id") >= Lit(850);
  ReadParallelism parallelism;
  parallelism.override_num_blocks = 100;
  const auto source = ValueOf(MakeParquetDatasource(options));
  EXPECT_EQ(ValueOf(source->PlanReadTasks(parallelism)).size(), 2u);
  EXPECT_EQ(ValueOf(ReadAll(source)).num_rows(), 150);
}

TEST_F(ParquetDatasourceTest, PartitionKeysBecomeStringColumnsAndPruneFiles) {
  WriteParquet("in/year=2023/a.parquet", *Rows(0, 5), 5);
  WriteParquet("in/year=2024/b.parquet", *Rows(5, 5), 5);
  auto options = Options("in");
  options.files.partitioning.style = Partitioning::Style::kHive;
  options.filter = Col("year") == Lit("2024");
  const auto source = ValueOf(MakeParquetDatasource(options));
  EXPECT_EQ(ValueOf(source->PlanReadTasks({})).size(), 1u);
  const Block block = ValueOf(ReadAll(source));
  EXPECT_EQ(Ids(block), (std::vector<int64_t>{5, 6, 7, 8, 9}));
  const auto years = block.batch()->GetColumnByName("year");
  ASSERT_EQ(years->type_id(), arrow::Type::STRING);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*years).GetString(0), "2024");
}

TEST_F(ParquetDatasourceTest, UnifiesTheSchemasOfItsFiles) {
  WriteParquet("in/a.parquet", *Rows(0, 5), 5);
  WriteParquet("in/b.parquet", **Rows(5, 5)->RemoveColumn(1), 5);
  const Block block = ValueOf(ReadAll(ValueOf(MakeParquetDatasource(Options("in")))));
  EXPECT_EQ(block.num_rows(), 10);
  EXPECT_EQ(block.batch()->GetColumnByName("name")->null_count(), 5);
}

TEST_F(ParquetDatasourceTest, ReadsBinaryColumnsAsTensors) {
  arrow::BinaryBuilder bytes;
  for (char i = 0; i < 10; ++i) ASSERT_TRUE(bytes.Append(std::string(6, i)).ok());
  WriteParquet("in/a.parquet",
               *arrow::Table::Make(arrow::schema({arrow::field("image", arrow::binary())}),
                                   {*bytes.Finish()}),
               4);
  auto options = Options("in");
  options.tensor_columns["image"] = {arrow::uint8(), {2, 3}};
  const Block block = ValueOf(ReadAll(ValueOf(MakeParquetDatasource(options))));
  ASSERT_EQ(block.num_rows(), 10);
  EXPECT_EQ(TensorShape(*block.schema()->field(0)->type()), (std::vector<int64_t>{2, 3}));
  options.tensor_columns["image"] = {arrow::uint8(), {7}};
  const auto failed = ReadAll(ValueOf(MakeParquetDatasource(options)));
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("image"));
  EXPECT_THAT(failed.status().message(), HasSubstr("a.parquet"));
}

TEST_F(ParquetDatasourceTest, AddsPathsAndHashesThatDifferByRow) {
  WriteParquet("in/a.parquet", *Rows(0, 20), 7);
  auto options = Options("in");
  options.files.include_paths = true;
  options.include_row_hash = true;
  const auto source = ValueOf(MakeParquetDatasource(options));
  const Block all = ValueOf(ReadAll(source));
  const auto hashes =
      std::static_pointer_cast<arrow::UInt64Array>(all.batch()->GetColumnByName("row_hash"));
  EXPECT_EQ(arrow::compute::Unique(arrow::Datum(hashes)).ValueOrDie()->length(), 20);
  // A filter does not change the hash of a row.
  const Block some = ValueOf(ReadAll(source->WithFilter(Col("id") == Lit(13))));
  ASSERT_EQ(some.num_rows(), 1);
  EXPECT_EQ(
      static_cast<const arrow::UInt64Array&>(*some.batch()->GetColumnByName("row_hash")).Value(0),
      hashes->Value(13));
  EXPECT_THAT(
      static_cast<const arrow::StringArray&>(*all.batch()->GetColumnByName("path")).GetString(0),
      HasSubstr("a.parquet"));
}

TEST_F(ParquetDatasourceTest, ATypeThatDoesNotGoWithTheOthersFailsNamingItsFile) {
  WriteParquet("in/a.parquet", *Rows(0, 10), 5);
  WriteParquet("in/b.parquet", *Rows(0, 10), 5);
  const auto other = ValueOf(Rows(0, 10)->RenameColumns({"name", "id", "half"}));
  WriteParquet("in/c.parquet", *other, 5);
  const auto failed = ValueOf(MakeParquetDatasource(Options("in")))->Schema();
  ASSERT_TRUE(failed.status().IsTypeError());
  EXPECT_THAT(failed.status().message(), HasSubstr("c.parquet: Column "));
}

TEST_F(ParquetDatasourceTest, ATruncatedFileFailsNamingIt) {
  WriteParquet("in/a.parquet", *Rows(0, 1000), 100);
  std::filesystem::resize_file(Path("in/a.parquet"), 500);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const auto tasks = source->PlanReadTasks({});
  ASSERT_FALSE(tasks.ok());
  EXPECT_TRUE(tasks.status().IsIOError() || tasks.status().IsInvalid());
  EXPECT_THAT(tasks.status().message(), HasSubstr("a.parquet"));
}

TEST_F(ParquetDatasourceTest, ACorruptPageFailsNamingFileAndRowGroup) {
  WriteParquet("in/a.parquet", *Rows(0, 1000), 500);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const auto metadata = parquet::ParquetFileReader::OpenFile(Path("in/a.parquet"))->metadata();
  const int64_t at = metadata->RowGroup(1)->ColumnChunk(0)->dictionary_page_offset();
  std::fstream file(Path("in/a.parquet"), std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(at);
  file << std::string(64, '\xFF');
  file.close();
  const auto block = ReadAll(source);
  ASSERT_FALSE(block.ok());
  EXPECT_THAT(block.status().message(), HasSubstr("a.parquet"));
  EXPECT_THAT(block.status().message(), HasSubstr("row group 1"));
}

TEST_F(ParquetDatasourceTest, YieldsAsManyBlocksAsAskedFor) {
  WriteParquet("in/a.parquet", *Rows(0, 100), 10);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  for (const int64_t wanted : {1, 3, 10, 25}) {
    ReadParallelism parallelism;
    parallelism.override_num_blocks = wanted;
    int64_t blocks = 0;
    int64_t rows = 0;
    for (const ReadTask& task : ValueOf(source->PlanReadTasks(parallelism))) {
      const auto reader = ValueOf(source->Open(task, {}));
      while (const auto block = ValueOf(reader->Next())) {
        ++blocks;
        rows += block->num_rows();
      }
    }
    EXPECT_EQ(blocks, wanted);
    EXPECT_EQ(rows, 100);
  }
}

TEST_F(ParquetDatasourceTest, LargeRowGroupsComeInPieces) {
  WriteParquet("in/a.parquet", *Rows(0, 100000), 100000);
  ReadOptions options;
  options.target_max_block_size = 100000;
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const auto tasks = ValueOf(source->PlanReadTasks({}));
  ASSERT_EQ(tasks.size(), 1u);
  const auto reader = ValueOf(source->Open(tasks.front(), options));
  int64_t rows = 0;
  while (const auto block = ValueOf(reader->Next())) {
    rows += block->num_rows();
    EXPECT_LE(block->size_bytes(), 3 << 20);  // small pieces are joined again up to a megabyte
  }
  EXPECT_EQ(rows, 100000);
}

class ParquetRangesTest : public ParquetDatasourceTest {
 protected:
  /// Every kind of column that is decoded in its own way, nulls included.
  static std::shared_ptr<arrow::Table> MixedRows(int64_t count) {
    arrow::Int64Builder ids;
    arrow::StringBuilder names;
    arrow::StringBuilder texts;
    arrow::BooleanBuilder flags;
    auto values = std::make_shared<arrow::DoubleBuilder>();
    arrow::ListBuilder lists(arrow::default_memory_pool(), values);
    for (int64_t i = 0; i < count; ++i) {
      EXPECT_TRUE(ids.Append(i).ok());
      EXPECT_TRUE(
          (i % 5 == 0 ? names.AppendNull() : names.Append("name" + std::to_string(i % 10))).ok());
      EXPECT_TRUE(texts.Append(std::string(i % 50, 'x') + std::to_string(i)).ok());
      EXPECT_TRUE(flags.Append(i % 3 == 0).ok());
      EXPECT_TRUE(lists.Append().ok());
      for (int64_t k = 0; k < i % 4; ++k) EXPECT_TRUE(values->Append(k + 0.5).ok());
    }
    const arrow::ArrayVector columns = {*ids.Finish(), *names.Finish(), *texts.Finish(),
                                        *flags.Finish(), *lists.Finish()};
    const char* const kNames[] = {"id", "name", "text", "flag", "list"};
    arrow::FieldVector fields;
    for (size_t i = 0; i < columns.size(); ++i) {
      fields.push_back(arrow::field(kNames[i], columns[i]->type()));
    }
    return arrow::Table::Make(arrow::schema(fields), columns);
  }

  /// The blocks of the first task with blocks of `target` bytes.
  static std::vector<Block> Blocks(const DatasourcePtr& source, int64_t target) {
    ReadParallelism parallelism;
    parallelism.target_max_block_size = target;
    const auto tasks = ValueOf(source->PlanReadTasks(parallelism));
    ReadOptions options;
    options.target_max_block_size = target;
    options.target_min_block_size = 1;
    std::vector<Block> blocks;
    for (const auto& task : tasks) {
      const auto reader = ValueOf(source->Open(task, options));
      while (auto block = ValueOf(reader->Next())) blocks.push_back(*block);
    }
    return blocks;
  }
};

TEST_F(ParquetRangesTest, ALargeRowGroupComesInBlocksOfTheTarget) {
  const auto table = MixedRows(20'000);
  WriteParquet("in/a.parquet", *table, 20'000);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const Block whole = ValueOf(ReadAll(source));
  constexpr int64_t kTarget = 100 << 10;
  const auto blocks = Blocks(source, kTarget);
  EXPECT_GT(blocks.size(), 8u);
  for (const Block& block : blocks) EXPECT_LE(block.size_bytes(), kTarget * 3 / 2);
  EXPECT_TRUE(ValueOf(ConcatBlocks(blocks)).batch()->Equals(*whole.batch()));
}

TEST_F(ParquetRangesTest, FiltersAndLimitsWorkInRanges) {
  WriteParquet("in/a.parquet", *MixedRows(20'000), 20'000);
  auto options = Options("in");
  options.filter = Col("name") == Lit("name3") && Col("id") > Lit(9'000);
  const auto source = ValueOf(MakeParquetDatasource(options));
  const Block whole = ValueOf(ReadAll(source));
  const auto blocks = Blocks(source, 50 << 10);
  EXPECT_EQ(whole.num_rows(), 1'100);
  EXPECT_TRUE(ValueOf(ConcatBlocks(blocks)).batch()->Equals(*whole.batch()));
  ReadOptions limited;
  limited.target_max_block_size = 50 << 10;
  limited.limit_rows = 7;
  const auto tasks = ValueOf(source->PlanReadTasks({}));
  const auto reader = ValueOf(source->Open(tasks[0], limited));
  EXPECT_EQ(ValueOf(reader->Next())->num_rows(), 7);
}

TEST_F(ParquetRangesTest, ColumnsThatDoNotStayOpenGiveTheSameRows) {
  const auto table = MixedRows(5'000);
  WriteParquet("in/a.parquet", *table, 5'000);
  const ParquetFiles files(Files("in").paths);
  for (const int64_t limit : {int64_t{0}, int64_t{100} << 10, int64_t{1} << 30}) {
    ParquetRangeReader::Options options;
    options.open_columns_limit = limit;
    options.range_rows = 700;
    const auto reader = ValueOf(
        ParquetRangeReader::Open(files, 0, ValueOf(files.Footer(0)), 0, {0, 1, 2, 3, 4}, options));
    for (int64_t begin = 0; begin < 5'000; begin += 700) {
      RowSelection selection;
      selection.num_rows = std::min<int64_t>(700, 5'000 - begin);
      // Fields 3 and 4 are left out of every other range.
      const std::vector<int> fields =
          begin / 700 % 2 == 0 ? std::vector<int>{0, 1, 2, 3, 4} : std::vector<int>{0, 1, 2};
      const auto columns = ValueOf(reader->Read(fields, begin, selection, false));
      for (size_t i = 0; i < fields.size(); ++i) {
        const auto plain = ValueOf(ExpandDictionary(columns[i], arrow::default_memory_pool()));
        const auto expected =
            *arrow::Concatenate(table->column(fields[i])->Slice(begin, 700)->chunks());
        ASSERT_TRUE(plain->Equals(*expected)) << "field " << fields[i] << " from row " << begin;
      }
    }
  }
}

TEST_F(ParquetRangesTest, WorkingMemoryDoesNotGrowWithTheRowGroup) {
  WriteParquet("small/a.parquet", *MixedRows(50'000), 50'000);
  WriteParquet("large/a.parquet", *MixedRows(400'000), 400'000);
  ReadParallelism parallelism;
  parallelism.target_max_block_size = 1 << 20;
  const auto heap = [&](const std::string& name) {
    const auto tasks =
        ValueOf(ValueOf(MakeParquetDatasource(Options(name)))->PlanReadTasks(parallelism));
    return tasks.at(0).heap_bytes;
  };
  EXPECT_GT(heap("small"), parallelism.target_max_block_size);
  EXPECT_LT(heap("large"), 2 * heap("small"));
}

TEST_F(ParquetRangesTest, ANumberOfBlocksIsReachedWithoutGatheringTheTask) {
  WriteParquet("in/a.parquet", *MixedRows(10'000), 1'000);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  for (const int64_t wanted : {1, 3, 7, 23}) {
    ReadParallelism parallelism;
    parallelism.override_num_blocks = wanted;
    int64_t blocks = 0;
    int64_t next = 0;
    for (const auto& task : ValueOf(source->PlanReadTasks(parallelism))) {
      const auto reader = ValueOf(source->Open(task, {}));
      while (auto block = ValueOf(reader->Next())) {
        ++blocks;
        for (const int64_t id : Ids(*block)) ASSERT_EQ(id, next++);
      }
    }
    EXPECT_EQ(next, 10'000);
    EXPECT_EQ(blocks, wanted);
  }
}

TEST_F(ParquetDatasourceTest, ALeastNumberOfBlocksIsFollowedUnlessTheyWereTooSmall) {
  WriteParquet("in/a.parquet", *Rows(0, 10'000), 100);
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  ReadParallelism parallelism;
  parallelism.target_min_block_size = 1'000;
  EXPECT_LE(ValueOf(source->PlanReadTasks(parallelism)).size(), 4u);
  parallelism.min_num_blocks = 50;
  EXPECT_EQ(ValueOf(source->PlanReadTasks(parallelism)).size(), 50u);
  parallelism.target_min_block_size = 100'000;
  EXPECT_LT(ValueOf(source->PlanReadTasks(parallelism)).size(), 10u);
}

/// 800 columns of one page each: too many to stay open, few enough bytes to be read at once.
TEST_F(ParquetRangesTest, AWideRowGroupIsReadAtOnceAndCut) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (int i = 0; i < 800; ++i) {
    fields.push_back(arrow::field("c" + std::to_string(i), arrow::int64()));
    columns.push_back(Rows(i, 1'000)->column(0)->chunk(0));
  }
  WriteParquet("in/a.parquet", *arrow::Table::Make(arrow::schema(fields), columns), 1'000);
  const ParquetFiles files(Files("in").paths);
  const auto footer = ValueOf(files.Footer(0));
  std::vector<int> all(800);
  std::iota(all.begin(), all.end(), 0);
  constexpr int64_t kBytes = 800 * 1'000 * 8;
  constexpr int64_t kTarget = 1 << 20;
  EXPECT_FALSE(ReadsInRanges(*footer, 0, all, kBytes, kTarget));
  EXPECT_TRUE(ReadsInRanges(*footer, 0, {0, 1, 2}, kBytes, kTarget)) << "these stay open";
  EXPECT_TRUE(ReadsInRanges(*footer, 0, all, 100 * kBytes, kTarget)) << "too large";
  const auto source = ValueOf(MakeParquetDatasource(Options("in")));
  const auto blocks = Blocks(source, kTarget);
  EXPECT_GT(blocks.size(), 4u);
  for (const Block& block : blocks) EXPECT_LE(block.size_bytes(), kTarget * 3 / 2);
  const Block whole = ValueOf(ReadAll(source));
  EXPECT_TRUE(ValueOf(ConcatBlocks(blocks)).batch()->Equals(*whole.batch()));
}

}  // namespace
}  // namespace headrace::datasource
