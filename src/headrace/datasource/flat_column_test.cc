// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/flat_column.h"

#include <arrow/array/concatenate.h>
#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gtest/gtest.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_reader.h>

#include <random>

#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

enum class Values { kFew, kMany, kRuns };

template <typename Builder, typename Make>
std::shared_ptr<arrow::Array> RandomArray(std::mt19937_64* random, int64_t rows, double nulls,
                                          Values values, Make make) {
  Builder builder;
  std::uniform_real_distribution<double> unit(0, 1);
  uint64_t current = 0;
  for (int64_t i = 0; i < rows; ++i) {
    switch (values) {
      case Values::kFew:
        current = (*random)() % 11;
        break;
      case Values::kMany:
        current = (*random)();
        break;
      case Values::kRuns:
        if (i % 97 == 0) current = (*random)() % 1000;
        break;
    }
    EXPECT_TRUE(
        (unit(*random) < nulls ? builder.AppendNull() : builder.Append(make(current))).ok());
  }
  return *builder.Finish();
}

struct Shape {
  int64_t rows;
  double nulls;
  Values values;
  bool dictionary;
  bool nullable;
  parquet::ParquetDataPageVersion version;
  int64_t page_bytes;
  int64_t dictionary_bytes;  // a larger dictionary falls back to plain pages
  parquet::Compression::type compression;
};

/// How values are written, drawn at random.
Shape RandomShape(std::mt19937_64* random, int64_t rows, double nulls, Values values,
                  bool dictionary) {
  constexpr int64_t kPageBytes[] = {64, 1000, 4096, 1 << 20};
  constexpr int64_t kDictionaryBytes[] = {100, 20000, 1 << 20};
  constexpr parquet::Compression::type kCompressions[] = {
      parquet::Compression::UNCOMPRESSED, parquet::Compression::SNAPPY,
      parquet::Compression::SNAPPY, parquet::Compression::ZSTD, parquet::Compression::GZIP};
  const auto draw = [&](const auto& from) { return from[(*random)() % std::size(from)]; };
  return {rows,
          nulls,
          values,
          dictionary,
          nulls > 0 || (*random)() % 2 == 0,
          (*random)() % 2 == 0 ? parquet::ParquetDataPageVersion::V1
                               : parquet::ParquetDataPageVersion::V2,
          draw(kPageBytes),
          draw(kDictionaryBytes),
          draw(kCompressions)};
}

class FlatColumnTest : public DatasourceTest {
 protected:
  static std::shared_ptr<arrow::Table> ReadByArrow(
      const std::shared_ptr<arrow::io::RandomAccessFile>& file) {
    auto reader = *parquet::arrow::OpenFile(file, arrow::default_memory_pool());
    return *reader->ReadTable();
  }

  /// Reads the selection range by range, at random borders, and compares with `whole`.
  static void CheckRanges(parquet::ParquetFileReader& reader, int leaf,
                          const std::shared_ptr<arrow::DataType>& type,
                          const RowSelection& selection, const arrow::Array& whole,
                          bool keep_dictionary, std::mt19937_64* random) {
    FlatColumnReader column_reader(reader.RowGroup(0)->GetColumnPageReader(leaf),
                                   *reader.metadata()->schema()->Column(leaf),
                                   *reader.metadata()->RowGroup(0)->ColumnChunk(leaf), type,
                                   keep_dictionary, arrow::default_memory_pool());
    int64_t seen = 0;
    for (int64_t begin = 0; begin < selection.num_rows;) {
      RowSelection part;
      part.num_rows = std::min<int64_t>(1 + (*random)() % (selection.num_rows / 3 + 1),
                                        selection.num_rows - begin);
      part.all = selection.all;
      for (const int32_t row : selection.rows) {
        if (row >= begin && row < begin + part.num_rows) {
          part.rows.push_back(static_cast<int32_t>(row - begin));
        }
      }
      const bool skipped = (*random)() % 5 == 0;
      if (!skipped) {
        auto decoded = column_reader.Read(begin, part);
        ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
        ASSERT_TRUE((*decoded)->ValidateFull().ok());
        const auto plain = *ExpandDictionary(*decoded, arrow::default_memory_pool());
        ASSERT_TRUE(plain->Equals(*whole.Slice(seen, part.size())))
            << type->ToString() << " rows " << begin << " to " << begin + part.num_rows;
      }
      seen += part.size();
      begin += part.num_rows;
    }
  }

  /// Compares our decoder with Arrow's on every column, for all rows and for a random selection.
  static void Check(const arrow::Table& table, const Shape& shape, std::mt19937_64* random) {
    auto sink = *arrow::io::BufferOutputStream::Create();
    parquet::WriterProperties::Builder properties;
    properties.data_pagesize(shape.page_bytes)->write_batch_size(100);
    properties.data_page_version(shape.version)->compression(shape.compression);
    properties.dictionary_pagesize_limit(shape.dictionary_bytes);
    if (!shape.dictionary) properties.disable_dictionary();
    ASSERT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, 1 << 20,
                                           properties.build())
                    .ok());
    auto file = std::make_shared<arrow::io::BufferReader>(*sink->Finish());
    const auto reader = parquet::ParquetFileReader::Open(file);
    const auto group = reader->metadata()->RowGroup(0);
    const auto read_by_arrow = ReadByArrow(file);
    ASSERT_EQ(read_by_arrow->num_rows(), table.num_rows());
    for (const double share : {1.0, 0.5, 0.01, 0.0}) {
      RowSelection selection;
      selection.num_rows = table.num_rows();
      selection.all = share == 1.0;
      std::uniform_real_distribution<double> unit(0, 1);
      for (int32_t row = 0; !selection.all && row < table.num_rows(); ++row) {
        if (unit(*random) < share) selection.rows.push_back(row);
      }
      for (int i = 0; i < table.num_columns(); ++i) {
        for (const bool keep_dictionary : {false, true}) {
          const auto* column = reader->metadata()->schema()->Column(i);
          const auto chunk = group->ColumnChunk(i);
          const auto& type = table.schema()->field(i)->type();
          ASSERT_TRUE(CanDecodeFlat(*column, *chunk, *type));
          FlatColumnReader column_reader(reader->RowGroup(0)->GetColumnPageReader(i), *column,
                                         *chunk, type, keep_dictionary,
                                         arrow::default_memory_pool());
          auto decoded = column_reader.Read(0, selection);
          ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
          ASSERT_TRUE((*decoded)->ValidateFull().ok());
          const auto plain = *ExpandDictionary(*decoded, arrow::default_memory_pool());
          const auto whole = *arrow::Concatenate(read_by_arrow->column(i)->chunks());
          const auto expected = *TakeRows(whole, selection, arrow::default_memory_pool());
          CheckRanges(*reader, i, type, selection, *plain, keep_dictionary, random);
          ASSERT_TRUE(plain->Equals(*expected))
              << type->ToString() << " share " << share << " rows " << table.num_rows() << " nulls "
              << shape.nulls << " dictionary " << shape.dictionary << " version "
              << static_cast<int>(shape.version) << " page bytes " << shape.page_bytes
              << " compression " << shape.compression;
        }
      }
    }
  }
};

TEST_F(FlatColumnTest, AgreesWithArrowsReaderOnRandomFiles) {
  const uint64_t seed = 7;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  for (const int64_t rows : {1, 7, 1000, 20011}) {
    for (const double nulls : {0.0, 0.1, 1.0}) {
      for (const Values values : {Values::kFew, Values::kMany, Values::kRuns}) {
        for (const bool dictionary : {true, false}) {
          const Shape shape = RandomShape(&random, rows, nulls, values, dictionary);
          auto numbers = [](uint64_t value) { return static_cast<int64_t>(value); };
          auto times = [](uint64_t value) { return static_cast<int64_t>(value % 86400000); };
          auto numbers_as = [&](auto* builder_type, std::shared_ptr<arrow::DataType> type,
                                auto make) {
            using Builder = std::remove_pointer_t<decltype(builder_type)>;
            const auto same = RandomArray<Builder>(&random, rows, nulls, values, make);
            return *same->View(type);
          };
          arrow::Int64Builder* wide = nullptr;
          arrow::Int32Builder* narrow = nullptr;
          const arrow::ArrayVector columns = {
              numbers_as(wide, arrow::uint64(), numbers),
              numbers_as(wide, arrow::timestamp(arrow::TimeUnit::MICRO), numbers),
              numbers_as(wide, arrow::time64(arrow::TimeUnit::MICRO), times),
              numbers_as(narrow, arrow::uint32(), numbers),
              numbers_as(narrow, arrow::time32(arrow::TimeUnit::MILLI), times),
              RandomArray<arrow::Int64Builder>(&random, rows, nulls, values, numbers),
              RandomArray<arrow::Int32Builder>(&random, rows, nulls, values, numbers),
              RandomArray<arrow::Date32Builder>(&random, rows, nulls, values, numbers),
              RandomArray<arrow::DoubleBuilder>(&random, rows, nulls, values, numbers),
              RandomArray<arrow::FloatBuilder>(&random, rows, nulls, values, numbers),
              RandomArray<arrow::StringBuilder>(
                  &random, rows, nulls, values,
                  [](uint64_t value) { return std::to_string(value % 100000007); }),
              RandomArray<arrow::BinaryBuilder>(
                  &random, rows, nulls, values,
                  [](uint64_t value) { return std::string(value % 40, 'x'); }),
          };
          arrow::FieldVector fields;
          for (size_t i = 0; i < columns.size(); ++i) {
            fields.push_back(
                arrow::field("c" + std::to_string(i), columns[i]->type(), shape.nullable));
          }
          Check(*arrow::Table::Make(arrow::schema(fields), columns), shape, &random);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_F(FlatColumnTest, DamagedPagesAreErrorsOrOtherValuesButNothingWorse) {
  std::mt19937_64 random(3);
  const int64_t rows = 3000;
  const auto text = [](uint64_t value) { return std::to_string(value % 1000); };
  const auto numbers = [](uint64_t value) { return static_cast<int64_t>(value); };
  const arrow::ArrayVector columns = {
      RandomArray<arrow::Int64Builder>(&random, rows, 0.1, Values::kFew, numbers),
      RandomArray<arrow::StringBuilder>(&random, rows, 0.0, Values::kFew, text),
      RandomArray<arrow::StringBuilder>(&random, rows, 0.1, Values::kMany, text)};
  const auto table = arrow::Table::Make(
      arrow::schema({arrow::field("a", arrow::int64()), arrow::field("b", arrow::utf8()),
                     arrow::field("c", arrow::utf8())}),
      columns);
  for (const auto version :
       {parquet::ParquetDataPageVersion::V1, parquet::ParquetDataPageVersion::V2}) {
    auto sink = *arrow::io::BufferOutputStream::Create();
    parquet::WriterProperties::Builder properties;
    properties.data_pagesize(1000)->data_page_version(version);
    properties.compression(parquet::Compression::SNAPPY);
    ASSERT_TRUE(parquet::arrow::WriteTable(*table, arrow::default_memory_pool(), sink, rows,
                                           properties.build())
                    .ok());
    const auto good = *sink->Finish();
    // The footer is parquet-cpp's to read: it comes from the good file.
    const auto footer = parquet::ReadMetaData(std::make_shared<arrow::io::BufferReader>(good));
    const int64_t data_end = good->size() - footer->size() - 8;
    RowSelection selection;
    selection.num_rows = rows;
    for (int round = 0; round < 300; ++round) {
      std::string bytes = good->ToString();
      for (int change = 0; change < 2; ++change) {
        bytes[4 + random() % (data_end - 4)] = static_cast<char>(random());
      }
      const std::shared_ptr<arrow::io::RandomAccessFile> file =
          arrow::io::BufferReader::FromString(bytes);
      const auto reader = parquet::ParquetFileReader::Open(file);
      for (int i = 0; i < table->num_columns(); ++i) {
        const Status status = CallParquet("damaged", [&]() -> Status {
          FlatColumnReader column_reader(
              reader->RowGroup(0)->GetColumnPageReader(i), *footer->schema()->Column(i),
              *footer->RowGroup(0)->ColumnChunk(i), table->field(i)->type(), round % 2 == 0,
              arrow::default_memory_pool());
          ARROW_ASSIGN_OR_RAISE(const auto column, column_reader.Read(0, selection));
          EXPECT_EQ(column->length(), rows);
          return column->Validate();
        });
        EXPECT_TRUE(status.ok() || status.IsInvalid() || status.IsIOError() ||
                    status.IsCapacityError())
            << status.ToString();
      }
    }
  }
}

}  // namespace
}  // namespace headrace::datasource
