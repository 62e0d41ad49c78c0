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
};

class FlatColumnTest : public DatasourceTest {
 protected:
  /// Compares our decoder with Arrow's on every column, for all rows and for a random selection.
  static void Check(const arrow::Table& table, const Shape& shape, std::mt19937_64* random) {
    auto sink = *arrow::io::BufferOutputStream::Create();
    parquet::WriterProperties::Builder properties;
    properties.data_pagesize(4096)->data_page_version(shape.version);
    properties.dictionary_pagesize_limit(20000);  // large dictionaries fall back to plain
    if (!shape.dictionary) properties.disable_dictionary();
    ASSERT_TRUE(parquet::arrow::WriteTable(table, arrow::default_memory_pool(), sink, 1 << 20,
                                           properties.build())
                    .ok());
    auto file = std::make_shared<arrow::io::BufferReader>(*sink->Finish());
    const auto reader = parquet::ParquetFileReader::Open(file);
    const auto group = reader->metadata()->RowGroup(0);
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
          const auto pages = reader->RowGroup(0)->GetColumnPageReader(i);
          auto decoded = DecodeFlatColumn(pages.get(), *column, *chunk, type, selection,
                                          keep_dictionary, arrow::default_memory_pool());
          ASSERT_TRUE(decoded.ok()) << decoded.status().ToString();
          ASSERT_TRUE((*decoded)->ValidateFull().ok());
          const auto plain = *ExpandDictionary(*decoded, arrow::default_memory_pool());
          const auto whole = *arrow::Concatenate(table.column(i)->chunks());
          const auto expected = *TakeRows(whole, selection, arrow::default_memory_pool());
          ASSERT_TRUE(plain->Equals(*expected))
              << type->ToString() << " share " << share << " rows " << table.num_rows() << " nulls "
              << shape.nulls << " dictionary " << shape.dictionary;
        }
      }
    }
  }
};

TEST_F(FlatColumnTest, AgreesWithTheWrittenValuesForRandomColumns) {
  const uint64_t seed = 7;
  SCOPED_TRACE(seed);
  std::mt19937_64 random(seed);
  for (const int64_t rows : {1, 7, 1000, 20011}) {
    for (const double nulls : {0.0, 0.1, 1.0}) {
      for (const Values values : {Values::kFew, Values::kMany, Values::kRuns}) {
        for (const bool dictionary : {true, false}) {
          const auto version = random() % 2 == 0 ? parquet::ParquetDataPageVersion::V1
                                                 : parquet::ParquetDataPageVersion::V2;
          const Shape shape{rows,   nulls, values, dictionary, nulls > 0 || random() % 2 == 0,
                            version};
          auto numbers = [](uint64_t value) { return static_cast<int64_t>(value); };
          const arrow::ArrayVector columns = {
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

}  // namespace
}  // namespace headrace::datasource
