// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/csv_reader.h"

#include <arrow/csv/options.h>
#include <arrow/csv/reader.h>
#include <arrow/io/memory.h>
#include <arrow/table.h>
#include <gmock/gmock.h>

#include <bit>
#include <cstdio>
#include <random>

#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using testing::HasSubstr;

constexpr int32_t kWhole = 1 << 20;

/// All rows of `text` as CsvReader reads them.
Result<std::shared_ptr<arrow::Table>> Read(const std::string& text, const CsvReadOptions& options) {
  const auto defaults = arrow::csv::ConvertOptions::Defaults();
  const CsvColumns columns({Spellings(defaults.null_values), Spellings(defaults.true_values),
                            Spellings(defaults.false_values), options.strings_can_be_null});
  EXPECT_TRUE(CsvReader::Supports(options));
  CsvReader reader(options, columns, arrow::io::BufferReader::FromString(text),
                   /*range=*/nullptr, options.block_size, arrow::default_memory_pool());
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(auto block, reader.Next());
    if (!block) break;
    ARROW_RETURN_NOT_OK(block->batch()->ValidateFull());
    batches.push_back(block->batch());
  }
  if (batches.empty()) return Status::Invalid("Empty CSV file");
  return arrow::Table::FromRecordBatches(batches);
}

/// … and as Arrow does.
Result<std::shared_ptr<arrow::Table>> ReadByArrow(const std::string& text,
                                                  const CsvReadOptions& options) {
  auto read = arrow::csv::ReadOptions::Defaults();
  read.use_threads = false;
  read.block_size = options.block_size;
  read.column_names = options.column_names;
  auto parse = arrow::csv::ParseOptions::Defaults();
  parse.delimiter = options.delimiter;
  parse.quoting = options.quote_char != '\0';
  parse.quote_char = options.quote_char;
  parse.double_quote = options.double_quote;
  auto convert = arrow::csv::ConvertOptions::Defaults();
  for (const auto& [name, type] : options.column_types) convert.column_types[name] = type;
  convert.strings_can_be_null = options.strings_can_be_null;
  convert.include_columns = options.include_columns;
  ARROW_ASSIGN_OR_RAISE(auto reader,
                        arrow::csv::StreamingReader::Make(arrow::io::default_io_context(),
                                                          arrow::io::BufferReader::FromString(text),
                                                          read, parse, convert));
  return reader->ToTable();
}

/// Both read the same, or both fail. `strict` false: rows that Arrow cannot read because of its
/// blocks may be read.
void ExpectAsArrow(const std::string& text, const CsvReadOptions& options, bool strict = true) {
  const auto expected = ReadByArrow(text, options);
  const auto actual = Read(text, options);
  if (!expected.ok()) {
    // A header that does not end its line is none for Arrow.
    const bool only_header = actual.ok() && (*actual)->num_rows() == 0;
    EXPECT_TRUE(!strict || !actual.ok() || only_header) << text << expected.status().ToString();
    return;
  }
  ASSERT_TRUE(actual.ok()) << text << "\n" << actual.status().ToString();
  ASSERT_TRUE((*actual)->schema()->Equals(*(*expected)->schema()))
      << text << (*actual)->schema()->ToString() << (*expected)->schema()->ToString();
  ASSERT_TRUE((*actual)->Equals(**expected, arrow::EqualOptions::Defaults().nans_equal(true)))
      << text << (*actual)->ToString() << (*expected)->ToString();
}

class CsvReaderTest : public DatasourceTest {
 protected:
  std::string Pick(const std::vector<std::string>& from) {
    return from[std::uniform_int_distribution<size_t>(0, from.size() - 1)(random_)];
  }
  int Upto(int most) { return std::uniform_int_distribution<int>(0, most)(random_); }

  std::mt19937 random_{20240817};
};

// Each list is what may stand in one column.
const std::vector<std::vector<std::string>> kCells = {
    {"0", "1", "-1", "12345678", "123456789", "-9223372036854775808", "9223372036854775807",
     "1234567890123456", "12345678901234567", " 7", "7\t", "007", "-0", "0x1F", ""},
    {"0.5", "1", "-1.25", "1e5", "12345678.12345678", "0.943056", "1.", ".5", "+1", "-0.0", "inf",
     "9223372036854775808", "0.1234567890123456789", "1E-400", " 2.5 ", "-", "NaN", "-7.75"},
    {"true", "false", "TRUE", "False", "1", "0", "", "null"},
    {"2020-01-02", "1969-12-31", " 2020-02-29", "0001-01-01", "NA"},
    {"10:20", "10:20:30", " 23:59:59", "n/a"},
    {"2020-01-02", "2020-01-02 10:20", "2020-01-02T10:20:30", "1700-01-01 00:00:00"},
    {"2020-01-02 10:20:30", "2020-01-02 10:20:30.5", "2020-01-02 10:20:30.123456789"},
    {"2020-01-02 10:20:30Z", "2020-01-02 10:20:30+01:30", "#N/A"},
    {"2020-01-02 10:20:30.25Z", "2020-01-02 10:20:30-02", ""},
    {"NA", "", "null", "#N/A N/A", "nan"},
    {"a", "", " ", "long text of more than sixteen bytes", "caf\xC3\xA9", "NULL", "0",
     "\"quoted, with a comma\"", "\"\"", "\"a \"\"b\"\" c\"", "\"\"\"\"", "stray\"quote", "\"x\"y",
     "\"line\nend\"", "\"line\r\nend\"", "\"NA\""},
    {"\xFF\xFE", "a", "\"b\""},
    {"\"1\"", "\"22\"", "3", "\"\""},
};

TEST_F(CsvReaderTest, TablesAreReadAsArrowReadsThem) {
  for (int round = 0; round < 1500; ++round) {
    const int num_columns = 1 + Upto(4);
    std::vector<const std::vector<std::string>*> cells;
    std::string text = Upto(9) == 0 ? "\xEF\xBB\xBF" : "";
    const std::string line_end = Pick({"\n", "\n", "\r\n", "\r"});
    for (int c = 0; c < num_columns; ++c) {
      cells.push_back(&kCells[static_cast<size_t>(Upto(static_cast<int>(kCells.size()) - 1))]);
      text += (c > 0 ? "," : "") + Pick({"x", "y", "\"a, b\""}) + std::to_string(c);
    }
    text += line_end;
    const int num_rows = Upto(40);
    const int kinds = Upto(3);  // few kinds of value make narrow types likely
    for (int r = 0; r < num_rows; ++r) {
      for (int c = 0; c < num_columns; ++c) {
        const auto& from = *cells[static_cast<size_t>(c)];
        const size_t any = static_cast<size_t>(Upto(static_cast<int>(from.size()) - 1));
        text += (c > 0 ? "," : "") + from[kinds == 0 ? any : std::min<size_t>(any, kinds)];
      }
      if (r + 1 < num_rows || Upto(1) == 0) text += line_end;
      if (Upto(20) == 0) text += line_end;
    }
    if (Upto(30) == 0) text += "1,2,3,4,5,6,7";
    CsvReadOptions options;
    options.block_size = kWhole;
    options.strings_can_be_null = Upto(3) == 0;
    ExpectAsArrow(text, options);
    if (HasFatalFailure()) return;
  }
}

TEST_F(CsvReaderTest, DoublesAreTheNearestOnes) {
  std::string text = "few,all\n";
  for (int i = 0; i < 20'000; ++i) {
    const auto value = std::bit_cast<double>(std::uniform_int_distribution<uint64_t>()(random_));
    const double few = std::uniform_real_distribution<double>(-1e7, 1e7)(random_);
    char row[128];
    std::snprintf(row, sizeof(row), "%.*f,%.17g\n", Upto(9), few, value);
    text += row;
  }
  CsvReadOptions options;
  options.block_size = kWhole;
  ExpectAsArrow(text, options);
}

TEST_F(CsvReaderTest, NoiseIsReadAsArrowReadsIt) {
  for (int round = 0; round < 6000; ++round) {
    std::string text = Upto(2) == 0 ? "a,b\n" : "";
    for (int length = Upto(round % 150); length > 0; --length) {
      text += Pick({"\"", ",", "\n", "\r", "1", "x", "\"\"", "\",", ",\"", "1,2\n", "\"\n\""});
    }
    CsvReadOptions options;
    options.block_size = kWhole;
    options.double_quote = Upto(3) != 0;
    if (Upto(5) == 0) options.quote_char = '\0';
    if (Upto(5) == 0) options.delimiter = 'x';
    if (Upto(5) == 0) options.column_names = {"p", "q"};
    ExpectAsArrow(text, options);
    if (HasFatalFailure()) return;
  }
}

TEST_F(CsvReaderTest, PiecesHaveTheTypesOfTheFirst) {
  for (int round = 0; round < 300; ++round) {
    std::string text = "i,d,s\n";
    for (int r = Upto(200); r > 0; --r) {
      text += Pick({"1", "-22", "", "333333333"}) + "," + Pick({"0.5", "1", "22.75"}) + "," +
              Pick({"a", "\"b,c\"", "\"d\"\"e\"", "", "caf\xC3\xA9"}) + Pick({"\n", "\r\n"});
    }
    CsvReadOptions options;
    options.block_size = 64 + Upto(500);
    ExpectAsArrow(text, options, /*strict=*/false);
    if (HasFatalFailure()) return;
  }
}

TEST_F(CsvReaderTest, TypesAndColumnsCanBeGiven) {
  CsvReadOptions options;
  options.column_types = {{"a", arrow::utf8()},
                          {"b", arrow::float64()},
                          {"t", arrow::timestamp(arrow::TimeUnit::MILLI)}};
  ExpectAsArrow("a,b,c,t\n1,2,3,2020-01-01\n4,5,6,2020-01-01 10:00:00.5\n", options);
  options.include_columns = {"c", "a"};
  ExpectAsArrow("a,b,c,t\n1,2,3,x\n", options);
  options.include_columns = {"c", "z"};
  EXPECT_THAT(Read("a,b,c\n1,2,3\n", options).status().message(), HasSubstr("Column 'z'"));
  options.column_types = {{"a", arrow::decimal128(5, 2)}};
  EXPECT_FALSE(CsvReader::Supports(options));
}

TEST_F(CsvReaderTest, AValueOfAnotherTypeNamesColumnAndPlace) {
  std::string text = "n,s\n";
  for (int i = 0; i < 100; ++i) text += "1,x\n";
  text += "high,x\n";
  CsvReadOptions options;
  options.block_size = 100;
  const Status failed = Read(text, options).status();
  EXPECT_THAT(failed.message(), HasSubstr("column \"n\""));
  EXPECT_THAT(failed.message(), HasSubstr("row 101"));
  EXPECT_THAT(failed.message(), HasSubstr("'high'"));
  EXPECT_THAT(failed.message(), HasSubstr("column_types"));
}

TEST_F(CsvReaderTest, ARowOfAnotherWidthIsQuotedWithItsNumber) {
  const Status failed = Read("a,b\n1,2\n\n3,4,5\n", {}).status();
  EXPECT_THAT(failed.message(), HasSubstr("Expected 2 columns, got 3: 3,4,5"));
  EXPECT_THAT(failed.message(), HasSubstr("row 2"));
}

TEST_F(CsvReaderTest, RowsLongerThanAPieceAreReadUpToTheBlockSize) {
  CsvReadOptions options;
  options.block_size = 1000;
  const CsvColumns columns({Spellings({""}), Spellings({}), Spellings({}), false});
  const auto read = [&](size_t size) -> Result<std::optional<Block>> {
    CsvReader reader(options, columns,
                     arrow::io::BufferReader::FromString("a\n" + std::string(size, 'x') + "\nb\n"),
                     /*range=*/nullptr, /*piece_bytes=*/10, arrow::default_memory_pool());
    return reader.Next();
  };
  EXPECT_GT((*ValueOf(read(900))).num_rows(), 0);
  EXPECT_THAT(read(2000).status().message(), HasSubstr("block_size"));
}

TEST_F(CsvReaderTest, QuotesOverTheEndOfAPieceAreErrorsThatNameTheOption) {
  CsvReadOptions options;
  options.block_size = 20;
  EXPECT_THAT(Read("a\n1\n2\n3\n4\n\"a long text\nof many lines\n\"\n", options).status().message(),
              HasSubstr("newlines_in_values"));
}

}  // namespace
}  // namespace headrace::datasource
