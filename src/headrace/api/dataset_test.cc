// SPDX-License-Identifier: Apache-2.0
#include "headrace/dataset.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <stdexcept>

#include "headrace/headrace.h"

namespace headrace {
namespace {

template <typename T>
T ValueOf(arrow::Result<T> result) {
  EXPECT_TRUE(result.ok()) << result.status().ToString();
  return *std::move(result);
}

std::vector<int64_t> Ints(const arrow::Array& array) {
  const auto& values = static_cast<const arrow::Int64Array&>(array);
  return {values.raw_values(), values.raw_values() + values.length()};
}

/// Values of an int64 column, in order.
std::vector<int64_t> IntsOf(const Dataset& dataset, const std::string& column) {
  const auto table = ValueOf(dataset.ToTable());
  const auto values = table->GetColumnByName(column);
  EXPECT_NE(values, nullptr) << column;
  std::vector<int64_t> out;
  for (const auto& chunk : values->chunks()) {
    const std::vector<int64_t> part = Ints(*chunk);
    out.insert(out.end(), part.begin(), part.end());
  }
  return out;
}

std::vector<int64_t> UpTo(int64_t end) {
  std::vector<int64_t> out(end);
  std::iota(out.begin(), out.end(), 0);
  return out;
}

class DatasetTest : public testing::Test {
 protected:
  DatasetTest() {
    std::string name = (std::filesystem::temp_directory_path() / "headrace-XXXXXX").string();
    dir_ = ::mkdtemp(name.data());
    ordered_.preserve_order = true;
  }
  ~DatasetTest() override { std::filesystem::remove_all(dir_); }

  Dataset Rows(int64_t n) const { return ValueOf(Range(n, 4, ordered_)); }

  std::string dir_;
  DataContext ordered_;
};

TEST_F(DatasetTest, RangeGivesTheNumbersInOrder) {
  EXPECT_EQ(IntsOf(Rows(1000), "id"), UpTo(1000));
  EXPECT_EQ(ValueOf(Rows(1000).Count()), 1000);
  EXPECT_TRUE(
      ValueOf(Rows(3).Schema())->Equals(*arrow::schema({arrow::field("id", arrow::int64())})));
  EXPECT_TRUE(Range(-1).status().IsInvalid());
}

TEST_F(DatasetTest, ExpressionsAndColumnTransformsGiveTheirColumns) {
  const Dataset dataset = Rows(10)
                              .Filter(Col("id") >= Lit(7))
                              .WithColumn("twice", Col("id") * Lit(2))
                              .RenameColumns({{"id", "row"}});
  EXPECT_EQ(ValueOf(dataset.Schema())->field_names(), (std::vector<std::string>{"row", "twice"}));
  EXPECT_EQ(IntsOf(dataset, "twice"), (std::vector<int64_t>{14, 16, 18}));
  EXPECT_EQ(IntsOf(dataset.SelectColumns({"row"}), "row"), (std::vector<int64_t>{7, 8, 9}));
  EXPECT_EQ(ValueOf(dataset.DropColumns({"row"}).Schema())->field_names(),
            std::vector<std::string>{"twice"});
  EXPECT_EQ(ValueOf(dataset.Count()), 3);
}

TEST_F(DatasetTest, MapBatchesCallsTheFunctionWithBatchesOfTheGivenSize) {
  std::atomic<int64_t> largest = 0;
  const Dataset dataset = Rows(100).MapBatches(
      [&](const Block& batch) -> arrow::Result<Block> {
        if (batch.num_rows() > largest) largest = batch.num_rows();
        return batch.Slice(0, 1);
      },
      {.name = "first", .batch_size = 10});
  EXPECT_EQ(ValueOf(dataset.Count()), 12);  // 4 tasks of 25 rows: batches of 10, 10 and 5
  EXPECT_EQ(largest, 10);
  EXPECT_NE(ValueOf(dataset.Explain()).find("MapBatches(first)"), std::string::npos);
}

TEST_F(DatasetTest, AnErrorOrExceptionOfTheFunctionIsAStatusThatNamesIt) {
  const auto fails = Rows(10).MapBatches(
      [](const Block&) -> arrow::Result<Block> { return arrow::Status::Invalid("bad batch"); },
      {.name = "check"});
  EXPECT_NE(fails.ToTable().status().ToString().find("bad batch"), std::string::npos);
  const auto throws = Rows(10).MapBatches(
      [](const Block&) -> arrow::Result<Block> { throw std::runtime_error("thrown"); },
      {.name = "boom"});
  const arrow::Status status = throws.ToTable().status();
  EXPECT_NE(status.ToString().find("thrown"), std::string::npos) << status.ToString();
  EXPECT_NE(status.ToString().find("boom"), std::string::npos) << status.ToString();
}

TEST_F(DatasetTest, CountDoesNotCallAFunctionThatKeepsTheRowCount) {
  bool called = false;
  const Dataset dataset = Rows(10).MapBatches(
      [&](const Block& batch) -> arrow::Result<Block> {
        called = true;
        return batch;
      },
      {.udf_modifying_row_count = false});
  EXPECT_EQ(ValueOf(dataset.Count()), 10);
  EXPECT_FALSE(called);
}

TEST_F(DatasetTest, LimitUnionAndRepartitionGiveTheirRows) {
  EXPECT_EQ(IntsOf(Rows(100).Limit(3), "id"), UpTo(3));
  EXPECT_EQ(ValueOf(Rows(5).Union({Rows(7), Rows(1)}).Count()), 13);
  const Dataset cut = Rows(10).Repartition({.target_num_rows_per_block = 4, .strict = true});
  EXPECT_EQ(IntsOf(cut, "id"), UpTo(10));
  auto blocks = ValueOf(Rows(10).Repartition(2).Iterate({.batch_size = std::nullopt}));
  std::vector<int64_t> sizes;
  while (const auto block = ValueOf(blocks.Next())) sizes.push_back(block->num_rows());
  EXPECT_EQ(sizes, (std::vector<int64_t>{5, 5}));
}

TEST_F(DatasetTest, TakeGivesTheFirstRowsAndFewerWhenThereAreFewer) {
  EXPECT_EQ(ValueOf(Rows(100).Take()).num_rows(), 20);
  EXPECT_EQ(ValueOf(Rows(3).Take(5)).num_rows(), 3);
  EXPECT_EQ(ValueOf(Dataset().Take(5)).num_rows(), 0);
  EXPECT_EQ(ValueOf(Dataset().Count()), 0);
  EXPECT_EQ(ValueOf(Dataset().ToTable())->num_rows(), 0);
}

TEST_F(DatasetTest, IterateCutsBatchesAcrossBlocksAndEndsForGood) {
  auto batches = ValueOf(Rows(10).Iterate({.batch_size = 4}));
  std::vector<int64_t> rows;
  while (const auto batch = ValueOf(batches.Next())) {
    const std::vector<int64_t> part = Ints(*batch->batch()->column(0));
    rows.insert(rows.end(), part.begin(), part.end());
    EXPECT_LE(batch->num_rows(), 4);
  }
  EXPECT_EQ(rows, UpTo(10));
  EXPECT_FALSE(ValueOf(batches.Next()).has_value());
  EXPECT_TRUE(Rows(10).Iterate({.batch_size = 0}).status().IsInvalid());
  EXPECT_TRUE(Rows(10)
                  .Iterate({.batch_size = std::nullopt, .local_shuffle_buffer_size = 4})
                  .status()
                  .IsInvalid());
}

TEST_F(DatasetTest, AnIteratorThatIsLeftEarlyStopsTheRun) {
  const Dataset dataset = Rows(100000);
  {
    auto batches = ValueOf(dataset.Iterate({.batch_size = 10}));
    EXPECT_EQ(ValueOf(batches.Next())->num_rows(), 10);
  }
  EXPECT_NE(dataset.Stats(), "");
}

TEST_F(DatasetTest, AWrongArgumentIsReturnedByWhateverConsumes) {
  for (const Dataset& wrong :
       {Rows(3).Limit(-1), Rows(3).Filter(Expr()), Rows(3).WithColumn("x", Expr()),
        Rows(3).SelectColumns({"id", "id"}), Rows(3).MapBatches(nullptr),
        Rows(3).MapBatches([](const Block& b) { return arrow::Result<Block>(b); },
                           {.batch_size = 0}),
        Rows(3).Repartition(0), Rows(3).Repartition(RepartitionOptions{}),
        Rows(3).Union({Rows(3).Limit(-1)})}) {
    EXPECT_TRUE(wrong.status().IsInvalid());
    const Dataset derived = wrong.Limit(1);
    EXPECT_TRUE(derived.status().IsInvalid());
    EXPECT_TRUE(derived.Count().status().IsInvalid());
    EXPECT_TRUE(derived.Schema().status().IsInvalid());
    EXPECT_TRUE(derived.ToTable().status().IsInvalid());
    EXPECT_TRUE(derived.Explain().status().IsInvalid());
    EXPECT_TRUE(derived.Iterate().status().IsInvalid());
    EXPECT_TRUE(derived.WriteParquet(dir_ + "/never").IsInvalid());
  }
  EXPECT_FALSE(std::filesystem::exists(dir_ + "/never"));
}

TEST_F(DatasetTest, ParquetIsReadBackWithPushdown) {
  ASSERT_TRUE(Rows(1000).WithColumn("twice", Col("id") * Lit(2)).WriteParquet(dir_ + "/p").ok());
  ReadParquetOptions options;
  options.columns = {{"twice"}};
  options.filter = Col("id") < Lit(3);
  const Dataset dataset = ValueOf(ReadParquet(dir_ + "/p", options, ordered_));
  EXPECT_EQ(IntsOf(dataset, "twice"), (std::vector<int64_t>{0, 2, 4}));
  EXPECT_EQ(ValueOf(ValueOf(ReadParquet(dir_ + "/p")).Count()), 1000);
  const auto missing = ReadParquet(dir_ + "/missing");
  EXPECT_NE(missing.status().ToString().find("missing"), std::string::npos);
}

TEST_F(DatasetTest, CsvAndJsonAreReadBack) {
  ASSERT_TRUE(Rows(10).WriteCsv(dir_ + "/c", {.delimiter = ';'}).ok());
  ReadCsvOptions csv;
  csv.parse_options.delimiter = ';';
  EXPECT_EQ(IntsOf(ValueOf(ReadCsv(dir_ + "/c", csv, ordered_)), "id"), UpTo(10));
  ASSERT_TRUE(Rows(10).WriteJson(dir_ + "/j").ok());
  EXPECT_EQ(IntsOf(ValueOf(ReadJson(dir_ + "/j", {}, ordered_)), "id"), UpTo(10));
}

TEST_F(DatasetTest, ArrowAndOrcAreReadBack) {
  ASSERT_TRUE(Rows(10).WriteArrow(dir_ + "/a", {.compression = "zstd"}).ok());
  EXPECT_EQ(IntsOf(ValueOf(ReadArrow(dir_ + "/a", {}, ordered_)), "id"), UpTo(10));
  ASSERT_TRUE(Rows(10).WriteOrc(dir_ + "/o").ok());
  ReadOrcOptions orc;
  orc.columns = {{"id"}};
  EXPECT_EQ(IntsOf(ValueOf(ReadOrc(dir_ + "/o", orc, ordered_)), "id"), UpTo(10));
}

TEST_F(DatasetTest, RecordsAndSamplesAreReadBack) {
  ASSERT_TRUE(Rows(10).WriteTfrecords(dir_ + "/t").ok());
  EXPECT_EQ(IntsOf(ValueOf(ReadTfrecords(dir_ + "/t", {}, ordered_)), "id"), UpTo(10));
  ASSERT_TRUE(Rows(10)
                  .WithColumn("cls", Col("id"))
                  .SelectColumns({"cls"})
                  .WriteWebDataset(dir_ + "/w")
                  .ok());
  EXPECT_EQ(IntsOf(ValueOf(ReadWebDataset(dir_ + "/w", {}, ordered_)), "cls"), UpTo(10));
}

TEST_F(DatasetTest, TextComesAsLines) {
  std::ofstream(dir_ + "/a.txt") << "one\n\ntwo\n";
  const Block lines = ValueOf(ValueOf(ReadText({dir_ + "/a.txt", dir_ + "/a.txt"})).Take(3));
  ASSERT_EQ(lines.num_rows(), 3);
  EXPECT_EQ(static_cast<const arrow::StringArray&>(*lines.batch()->column(0)).GetString(1), "two");
}

TEST_F(DatasetTest, SaveModesTreatAnExistingDirectoryAsTheySay) {
  const std::string path = dir_ + "/out";
  ASSERT_TRUE(Rows(3).WriteParquet(path).ok());
  EXPECT_FALSE(Rows(3).WriteParquet(path, {.files = {.mode = SaveMode::kError}}).ok());
  EXPECT_TRUE(Rows(3).WriteParquet(path, {.files = {.mode = SaveMode::kIgnore}}).ok());
  EXPECT_EQ(ValueOf(ValueOf(ReadParquet(path)).Count()), 3);
  EXPECT_TRUE(Rows(4).WriteParquet(path).ok());
  EXPECT_EQ(ValueOf(ValueOf(ReadParquet(path)).Count()), 7);
  EXPECT_TRUE(Rows(5).WriteParquet(path, {.files = {.mode = SaveMode::kOverwrite}}).ok());
  EXPECT_EQ(ValueOf(ValueOf(ReadParquet(path)).Count()), 5);
}

TEST_F(DatasetTest, MaterializedRowsAreNotMadeAgain) {
  std::atomic<int> calls = 0;
  const Dataset kept = ValueOf(Rows(8)
                                   .MapBatches([&](const Block& batch) -> arrow::Result<Block> {
                                     ++calls;
                                     return batch;
                                   })
                                   .Materialize());
  const int first = calls;
  EXPECT_EQ(IntsOf(kept, "id"), UpTo(8));
  EXPECT_EQ(ValueOf(kept.Count()), 8);
  EXPECT_EQ(calls, first);
}

TEST_F(DatasetTest, BlocksAndTablesAreSources) {
  const Block block = ValueOf(Rows(4).Take());
  EXPECT_EQ(IntsOf(ValueOf(FromBlocks({block.Slice(0, 1), block.Slice(1, 3)}, ordered_)), "id"),
            UpTo(4));
  const auto table = ValueOf(Rows(4).ToTable());
  EXPECT_EQ(IntsOf(ValueOf(FromTable(table, ordered_)), "id"), UpTo(4));
  EXPECT_TRUE(FromTable(nullptr).status().IsInvalid());
}

TEST_F(DatasetTest, StatsNameTheOperatorsOfTheLastRun) {
  const Dataset dataset = Rows(10).Filter(Col("id") < Lit(5));
  EXPECT_EQ(dataset.Stats(), "");
  EXPECT_EQ(ValueOf(dataset.Count()), 5);
  EXPECT_NE(dataset.Stats().find("ReadRange"), std::string::npos) << dataset.Stats();
  const Dataset copy = dataset;
  EXPECT_EQ(copy.Stats(), dataset.Stats());
}

TEST_F(DatasetTest, TheContextGoesWithTheDataset) {
  EXPECT_TRUE(Rows(3).Limit(1).context().preserve_order);
  DataContext other;
  other.target_max_block_size = 77;
  EXPECT_EQ(Rows(3).WithContext(other).Limit(2).context().target_max_block_size, 77);
}

TEST_F(DatasetTest, SortsAndShuffles) {
  const Dataset shuffled = Rows(1000).RandomShuffle(7);
  const std::vector<int64_t> order = IntsOf(shuffled, "id");
  EXPECT_NE(order, UpTo(1000));
  EXPECT_EQ(IntsOf(ValueOf(Range(1000, 9, ordered_)).RandomShuffle(7), "id"), order)
      << "the blocks do not matter";
  EXPECT_NE(IntsOf(Rows(1000).RandomShuffle(8), "id"), order);
  EXPECT_EQ(IntsOf(shuffled.Sort("id"), "id"), UpTo(1000));
  EXPECT_EQ(IntsOf(shuffled.Sort("id", true).Limit(3), "id"),
            (std::vector<int64_t>{999, 998, 997}));
  EXPECT_EQ(IntsOf(Rows(1000).RandomizeBlockOrder(1).Sort("id"), "id"), UpTo(1000));
  EXPECT_TRUE(Rows(1).Sort(std::vector<SortColumn>{}).status().IsInvalid());
}

TEST_F(DatasetTest, GroupsOfRowsBecomeRows) {
  const Dataset rows =
      Rows(100).WithColumn("mod", Call("bit_wise_and", {Col("id"), Lit(int64_t{3})}));
  const Dataset sums =
      rows.GroupBy({"mod"}).Aggregate({{"sum", "id", "total"}, {"count", "", "n"}}).Sort("mod");
  EXPECT_EQ(ValueOf(sums.Schema())->field_names(), (std::vector<std::string>{"mod", "total", "n"}));
  EXPECT_EQ(IntsOf(sums, "total"), (std::vector<int64_t>{1200, 1225, 1250, 1275}));
  EXPECT_EQ(IntsOf(sums, "n"), (std::vector<int64_t>{25, 25, 25, 25}));
  const Dataset firsts = rows.GroupBy({"mod"})
                             .MapGroups([](const Block& group) { return group.Slice(0, 1); })
                             .Sort("id");
  EXPECT_EQ(IntsOf(firsts, "id"), (std::vector<int64_t>{0, 1, 2, 3}));
}

TEST_F(DatasetTest, JoinsByKeysAndZipsByRows) {
  const Dataset left = Rows(10);
  const Dataset right = ValueOf(Range(5, 2, ordered_)).WithColumn("square", Col("id") * Col("id"));
  const Dataset joined = left.Join(right, {.type = "inner", .left_on = {"id"}}).Sort("id");
  EXPECT_EQ(IntsOf(joined, "square"), (std::vector<int64_t>{0, 1, 4, 9, 16}));
  EXPECT_TRUE(left.Join(right, {.left_on = {}}).status().IsInvalid());
  const Dataset zipped = left.Zip({ValueOf(Range(10, 3, ordered_))});
  EXPECT_EQ(IntsOf(zipped, "id_1"), UpTo(10));
  EXPECT_TRUE(left.Zip({right}).Count().status().IsInvalid());
  EXPECT_TRUE(left.Zip({right}).ToTable().status().IsInvalid());
}

}  // namespace
}  // namespace headrace
