// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/text_formats.h"

#include <arrow/builder.h>
#include <arrow/extension_type.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <limits>

#include "headrace/datasource/json_depth.h"
#include "headrace/datasource/json_encoder.h"
#include "headrace/datasource/json_lines.h"
#include "headrace/datasource/line_range.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/test_files.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class TextFormatsTest : public DatasourceTest {
 protected:
  static std::vector<std::string> Strings(const Block& block, const std::string& name) {
    std::vector<std::string> values;
    const auto column = block.batch()->GetColumnByName(name);
    for (int64_t i = 0; i < block.num_rows(); ++i) {
      values.push_back(static_cast<const arrow::BinaryArray&>(*column).GetString(i));
    }
    return values;
  }
  Result<Block> ReadJson(const std::string& name, bool lines) const {
    JsonReadOptions options;
    options.files = Files(name);
    options.lines = lines;
    ARROW_ASSIGN_OR_RAISE(const auto source, MakeJsonDatasource(options));
    return ReadAll(source);
  }
};

TEST_F(TextFormatsTest, TextGivesOneRowPerLineWithoutEmptyOnes) {
  WriteText("in/a.txt", "one\r\n\n  \ntwo\nthree");
  TextReadOptions options;
  options.files = Files("in");
  options.files.include_paths = true;
  const Block block = ValueOf(ReadAll(ValueOf(MakeTextDatasource(options))));
  EXPECT_THAT(Strings(block, "text"), ElementsAre("one", "two", "three"));
  EXPECT_EQ(Strings(block, "path")[2], Path("in/a.txt"));
}

TEST_F(TextFormatsTest, TextInOtherEncodingsBecomesUtf8) {
  WriteText("in/a.txt", "caf\xE9\n");
  TextReadOptions options;
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeTextDatasource(options)));
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("a.txt"));
  options.encoding = "latin1";
  EXPECT_THAT(Strings(ValueOf(ReadAll(ValueOf(MakeTextDatasource(options)))), "text"),
              ElementsAre("caf\xC3\xA9"));
}

TEST_F(TextFormatsTest, CsvInfersTypesAndNamesTheBrokenFile) {
  WriteText("in/a.csv", "a,b\n1,x\n2,y\n");
  CsvReadOptions options;
  options.files = Files("in");
  const Block block = ValueOf(ReadAll(ValueOf(MakeCsvDatasource(options))));
  EXPECT_EQ(block.schema()->field(0)->type()->id(), arrow::Type::INT64);
  EXPECT_THAT(Strings(block, "b"), ElementsAre("x", "y"));
  WriteText("in/b.csv", "a,b\n1,x,too,many\n");
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeCsvDatasource(options)));
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.status().message(), HasSubstr("b.csv"));
  ReadOptions tolerant;
  tolerant.max_errored_files = 1;
  EXPECT_EQ(ValueOf(ReadAll(ValueOf(MakeCsvDatasource(options)), {}, tolerant)).num_rows(), 2);
}

TEST_F(TextFormatsTest, AnEmptyCsvFileHasNoRows) {
  WriteText("in/a.csv", "");
  CsvReadOptions options;
  options.files = Files("in");
  EXPECT_EQ(ValueOf(ReadAll(ValueOf(MakeCsvDatasource(options)))).num_rows(), 0);
}

TEST_F(TextFormatsTest, RangesGiveEveryLineOnce) {
  std::string text = "one\n\ntwo\r\n\n";
  for (int i = 0; i < 40; ++i) text += std::string(i * 7 % 23, 'x') + "\n";
  for (const std::string& end : {std::string(), std::string("no end"), std::string(9000, 'y')}) {
    WriteText("in/a.txt", text + end);
    const auto size = static_cast<int64_t>((text + end).size());
    for (int64_t step = 1; step < size; step += 1 + step / 9) {
      std::string all;
      for (int64_t begin = 0; begin < size; begin += step) {
        const auto lines = ValueOf(
            OpenLineRange(ValueOf(io::OpenFile(Path("in/a.txt"), {})), {begin, begin + step}));
        while (true) {
          const auto piece = ValueOf(lines->Read(17));
          if (piece->size() == 0) break;
          all += piece->ToString();
        }
      }
      ASSERT_EQ(all, text + end) << "in ranges of " << step;
    }
  }
}

/// A number per row, in order, in text of about `bytes`.
std::string NumberedRows(int64_t bytes, const std::string& before, const std::string& after) {
  std::string text;
  for (int64_t i = 0; static_cast<int64_t>(text.size()) < bytes; ++i) {
    text += before + std::to_string(i) + after + std::string(i % 50, 'z') + "\"";
    text += before.empty() ? "\n" : "}\n";
  }
  return text;
}

void ExpectNumberedRows(const Block& block, int64_t num_rows) {
  ASSERT_EQ(block.num_rows(), num_rows);
  const auto& numbers = static_cast<const arrow::Int64Array&>(*block.batch()->column(0));
  for (int64_t i = 0; i < num_rows; ++i) ASSERT_EQ(numbers.Value(i), i);
}

TEST_F(TextFormatsTest, ALargeCsvFileIsReadInRangesInOrder) {
  const std::string rows = NumberedRows(6 << 20, "", ",\"text, ");
  const int64_t num_rows = std::count(rows.begin(), rows.end(), '\n');
  WriteText("in/a.csv", "n,s\n" + rows);
  CsvReadOptions options;
  options.files = Files("in");
  const auto source = ValueOf(MakeCsvDatasource(options));
  ReadParallelism parallelism;
  parallelism.num_cpus = 2;
  EXPECT_EQ(ValueOf(source->PlanReadTasks(parallelism)).size(), 6u);
  ExpectNumberedRows(ValueOf(ReadAll(source, parallelism)), num_rows);
  parallelism.override_num_blocks = 3;
  EXPECT_EQ(ValueOf(source->PlanReadTasks(parallelism)).size(), 3u);
  ExpectNumberedRows(ValueOf(ReadAll(source, parallelism)), num_rows);
  options.newlines_in_values = true;
  EXPECT_EQ(ValueOf(ValueOf(MakeCsvDatasource(options))->PlanReadTasks(parallelism)).size(), 1u);
}

/// The types are those of the first rows of the file, wherever a range begins.
TEST_F(TextFormatsTest, RangesOfACsvFileHaveTheTypesOfTheFile) {
  std::string text = "x,y\n0.5,a\n";
  while (text.size() < (5 << 20)) text += "7,1\n";
  WriteText("in/a.csv", text);
  CsvReadOptions options;
  options.files = Files("in");
  ReadParallelism parallelism;
  parallelism.num_cpus = 4;
  const auto source = ValueOf(MakeCsvDatasource(options));
  const auto tasks = ValueOf(source->PlanReadTasks(parallelism));
  EXPECT_GT(tasks.size(), 3u);
  for (const ReadTask& task : tasks) {
    const auto block = ValueOf(ValueOf(source->Open(task, {}))->Next());
    ASSERT_TRUE(block.has_value());
    EXPECT_TRUE(block->schema()->field(0)->type()->Equals(arrow::float64()));
    EXPECT_TRUE(block->schema()->field(1)->type()->Equals(arrow::utf8()));
  }
  WriteText("in/a.csv", text + "high,1\n");
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeCsvDatasource(options)), parallelism).status();
  EXPECT_THAT(failed.message(), HasSubstr("a.csv: from byte "));
  EXPECT_THAT(failed.message(), HasSubstr("'high'"));
}

TEST_F(TextFormatsTest, AJsonFileLargerThanABlockIsReadInRangesInOrder) {
  const std::string rows = NumberedRows(6 << 20, "{\"n\": ", ", \"s\": \"");
  WriteText("in/a.json", rows);
  JsonReadOptions options;
  options.files = Files("in");
  const auto source = ValueOf(MakeJsonDatasource(options));
  ReadParallelism parallelism;
  parallelism.num_cpus = 2;
  EXPECT_EQ(ValueOf(source->PlanReadTasks(parallelism)).size(), 1u);
  parallelism.target_max_block_size = 2 << 20;
  EXPECT_GT(ValueOf(source->PlanReadTasks(parallelism)).size(), 3u);
  ReadOptions read;
  read.target_max_block_size = parallelism.target_max_block_size;
  ExpectNumberedRows(ValueOf(ReadAll(source, parallelism, read)),
                     std::count(rows.begin(), rows.end(), '\n'));
}

TEST_F(TextFormatsTest, JsonReadsLinesArraysAndSingleObjects) {
  WriteText("lines/a.json", "{\"a\": \"x\"}\n{\"a\": \"y\"}\n");
  EXPECT_THAT(Strings(ValueOf(ReadJson("lines", true)), "a"), ElementsAre("x", "y"));
  EXPECT_THAT(Strings(ValueOf(ReadJson("lines", false)), "a"), ElementsAre("x", "y"));
  WriteText("array/a.json", "[\n {\"a\":\n \"x,]}\\\"\"},\n {\"a\": \"y\"} ]\n");
  EXPECT_THAT(Strings(ValueOf(ReadJson("array", false)), "a"), ElementsAre("x,]}\"", "y"));
  WriteText("object/a.json", "{\n  \"a\": \"x\"\n}\n");
  EXPECT_THAT(Strings(ValueOf(ReadJson("object", false)), "a"), ElementsAre("x"));
  WriteText("broken/a.json", "[{\"a\": 1}, 2]");
  const auto failed = ReadJson("broken", false);
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("a.json"));
}

/// Objects laid out in every way that is allowed, with brackets and quotes in strings.
std::string JsonObjects(int64_t count, bool is_array) {
  std::string text = is_array ? "[" : "";
  for (int64_t i = 0; i < count; ++i) {
    if (is_array && i > 0) text += i % 3 == 0 ? " ,\n" : ",";
    text += i % 2 == 0 ? "{\"a\": " : "{ \n \"a\"\n:";
    text += std::to_string(i) + ", \"s\": \"}]\\\"" + std::to_string(i % 7) + "\"}";
    if (!is_array) text += "\n";
  }
  return is_array ? text + "]\n" : text;
}

TEST_F(TextFormatsTest, JsonObjectsAreFoundWhereverTheTextIsCut) {
  for (const bool is_array : {false, true}) {
    const std::string text = JsonObjects(20, is_array);
    JsonObjectSplitter whole;
    ASSERT_TRUE(whole.Feed(text).ok() && whole.Finish().ok());
    const std::string expected = whole.TakeComplete();
    EXPECT_EQ(std::count(expected.begin(), expected.end(), '\n'), 20);
    for (size_t step = 1; step < 40; ++step) {
      JsonObjectSplitter splitter;
      std::string lines;
      for (size_t at = 0; at < text.size(); at += step) {
        ASSERT_TRUE(splitter.Feed(std::string_view(text).substr(at, step)).ok());
        lines += splitter.TakeComplete();
      }
      ASSERT_TRUE(splitter.Finish().ok());
      ASSERT_EQ(lines, expected) << "in pieces of " << step;
    }
  }
}

TEST_F(TextFormatsTest, JsonOpenBracketsAreErrorsThatNameTheByte) {
  JsonObjectSplitter object;
  ASSERT_TRUE(object.Feed("  {\"a\": [1").ok());
  EXPECT_THAT(object.Finish().message(), HasSubstr("starts at byte 2"));
  JsonObjectSplitter array;
  ASSERT_TRUE(array.Feed("[{}").ok());
  EXPECT_THAT(array.Finish().message(), HasSubstr("array does not end"));
  JsonObjectSplitter after;
  EXPECT_THAT(after.Feed("[{}] x").message(), HasSubstr("at byte 5"));
}

/// A file above half a block is parsed in chunks; the rows and types are those of the whole text.
TEST_F(TextFormatsTest, DeepJsonIsAnErrorAndNoStackOverflow) {
  const auto nested = [](int levels) {
    return "{\"a\":" + std::string(levels - 1, '[') + std::string(levels - 1, ']') + "}\n";
  };
  WriteText("in/a.json", nested(kMostJsonLevels));
  EXPECT_EQ(ValueOf(ReadJson("in", false)).num_rows(), 1);
  for (const int levels : {kMostJsonLevels + 1, 1'000'000}) {
    for (const bool lines : {false, true}) {
      WriteText("in/a.json", "{\"a\": \"]}\"}\n" + nested(levels));
      const auto failed = ReadJson("in", lines);
      ASSERT_TRUE(failed.status().IsInvalid()) << levels;
      EXPECT_THAT(failed.status().message(), HasSubstr("a.json: JSON values are nested more than"));
    }
  }
}

TEST_F(TextFormatsTest, JsonThatIsNoUtf8IsQuoted) {
  for (const bool lines : {false, true}) {
    WriteText("in/a.json", "{\"a\": 1}\n{\"b\": \"caf\xE9\"}\n{\"a\": 1}\n");
    const auto failed = ReadJson("in", lines);
    ASSERT_TRUE(failed.status().IsInvalid());
    EXPECT_THAT(failed.status().message(),
                HasSubstr("a.json: the JSON object is no UTF-8 text: {\"b\""));
  }
}

TEST_F(TextFormatsTest, NamesOfColumnsAreUtf8) {
  WriteText("in/a.csv", "a,b\xE9\n1,2\n");
  CsvReadOptions options;
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeCsvDatasource(options)));
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("a.csv: the name of column 1"));
}

TEST_F(TextFormatsTest, JsonInChunksHasTheTypesOfAllRows) {
  std::string text;
  for (int i = 0; i < 4000; ++i) {
    text += "{\"a\": " + (i < 3000 ? std::to_string(i) : std::to_string(i) + ".5");
    text += i % 2 == 0 ? ", \"o\": {\"x\": null}" : ", \"o\": {\"x\": [1]}";
    if (i >= 3500) text += ", \"late\": \"" + std::string(80, 'y') + "\"";
    text += "}\n";
  }
  WriteText("in/a.json", text);
  JsonReadOptions options;
  options.files = Files("in");
  const auto source = ValueOf(MakeJsonDatasource(options));
  const Block whole = ValueOf(ReadAll(source));
  ReadOptions small;
  small.target_max_block_size = 64 << 10;
  small.buffer_bytes = 64 << 10;
  const Block chunked = ValueOf(ReadAll(source, {}, small));
  ASSERT_EQ(chunked.num_rows(), 4000);
  EXPECT_TRUE(chunked.schema()->Equals(*whole.schema()))
      << chunked.schema()->ToString() << whole.schema()->ToString();
  EXPECT_TRUE(chunked.batch()->Equals(*whole.batch()));
  EXPECT_EQ(whole.schema()->field(0)->type()->id(), arrow::Type::DOUBLE);
}

TEST_F(TextFormatsTest, JsonContradictionsBetweenChunksNameTheColumn) {
  std::string text;
  for (int i = 0; i < 6000; ++i) {
    text += i < 4000 ? "{\"price\": 1, \"n\": \"aaaaaaaaaaaaaaaa\"}\n" : "{\"price\": \"high\"}\n";
  }
  WriteText("in/a.json", text);
  JsonReadOptions options;
  options.files = Files("in");
  ReadOptions small;
  small.target_max_block_size = 64 << 10;
  const auto failed = ReadAll(ValueOf(MakeJsonDatasource(options)), {}, small);
  ASSERT_FALSE(failed.ok());
  EXPECT_THAT(failed.status().message(), HasSubstr("price"));
  EXPECT_THAT(failed.status().message(), HasSubstr("a.json"));
}

TEST_F(TextFormatsTest, JsonRowsLongerThanAChunkAreRead) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += "{\"s\": \"" + std::string(300'000, 'a' + i) + "\"}\n";
  WriteText("in/a.json", text);
  JsonReadOptions options;
  options.files = Files("in");
  ReadOptions small;
  small.target_max_block_size = 64 << 10;
  const Block block = ValueOf(ReadAll(ValueOf(MakeJsonDatasource(options)), {}, small));
  EXPECT_EQ(block.num_rows(), 4);
}

TEST_F(TextFormatsTest, JsonWritesEveryKindOfValue) {
  arrow::DoubleBuilder doubles;
  ASSERT_TRUE(doubles.Append(1.5).ok() && doubles.AppendNull().ok() &&
              doubles.Append(std::numeric_limits<double>::quiet_NaN()).ok());
  arrow::TimestampBuilder times(arrow::timestamp(arrow::TimeUnit::SECOND),
                                arrow::default_memory_pool());
  for (int64_t i = 0; i < 3; ++i) ASSERT_TRUE(times.Append(86400 + i).ok());
  arrow::StringBuilder texts;
  ASSERT_TRUE(texts.Append("a\"b\\").ok() && texts.Append("\n\x01").ok() &&
              texts.Append("\xC3\xA9").ok());
  arrow::ListBuilder lists(arrow::default_memory_pool(), std::make_shared<arrow::Int64Builder>());
  auto* items = static_cast<arrow::Int64Builder*>(lists.value_builder());
  ASSERT_TRUE(lists.Append().ok() && items->Append(1).ok() && items->Append(2).ok() &&
              lists.Append().ok() && lists.AppendNull().ok());
  const arrow::ArrayVector columns = {*doubles.Finish(), *times.Finish(), *texts.Finish(),
                                      *lists.Finish()};
  arrow::FieldVector fields;
  const char* names[] = {"d", "t", "s", "l"};
  for (int i = 0; i < 4; ++i) fields.push_back(arrow::field(names[i], columns[i]->type()));
  std::string out;
  ASSERT_TRUE(
      AppendJsonLines(Block(arrow::RecordBatch::Make(arrow::schema(fields), 3, columns)), &out)
          .ok());
  EXPECT_EQ(out,
            "{\"d\":1.5,\"t\":\"1970-01-02T00:00:00\",\"s\":\"a\\\"b\\\\\",\"l\":[1,2]}\n"
            "{\"d\":null,\"t\":\"1970-01-02T00:00:01\",\"s\":\"\\n\\u0001\",\"l\":[]}\n"
            "{\"d\":null,\"t\":\"1970-01-02T00:00:02\",\"s\":\"\xC3\xA9\",\"l\":null}\n");
}

TEST_F(TextFormatsTest, BinaryGivesOneRowPerFile) {
  WriteText("in/a.bin", std::string("\0\1", 2));
  WriteText("in/b.bin", "xyz");
  BinaryReadOptions options;
  options.files = Files("in");
  const auto source = ValueOf(MakeBinaryDatasource(options));
  EXPECT_EQ(ValueOf(source->CountRows()), 2);
  EXPECT_THAT(Strings(ValueOf(ReadAll(source)), "bytes"),
              ElementsAre(std::string("\0\1", 2), "xyz"));
}

TEST_F(TextFormatsTest, NpyHeadersReadBackAndObjectsAreRefused) {
  const std::string header = ValueOf(FormatNpyHeader(*arrow::float32(), {3, 4}));
  EXPECT_EQ(header.size() % 64, 0u);
  const NpyHeader parsed = ValueOf(ParseNpyHeader(header));
  EXPECT_EQ(parsed.shape, (std::vector<int64_t>{3, 4}));
  EXPECT_EQ(parsed.type->id(), arrow::Type::FLOAT);
  std::string objects = header;
  objects.replace(objects.find("<f4"), 3, "|O ");
  WriteText("in/objects.npy", objects);
  NumpyReadOptions options;
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeNumpyDatasource(options)));
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("objects.npy"));
  EXPECT_THAT(failed.status().message(), HasSubstr("pickle"));
}

TEST_F(TextFormatsTest, NpyShapesThatAreNoneAreRefused) {
  const std::string header = ValueOf(FormatNpyHeader(*arrow::float32(), {3, 4}));
  const auto parse = [&](const std::string& shape) {
    std::string changed = header;
    changed.replace(changed.find("(3, 4)"), 6, shape);
    changed.resize(std::max(changed.size(), header.size()), ' ');
    changed[8] = static_cast<char>((changed.size() - 10) & 0xFF);
    changed[9] = static_cast<char>((changed.size() - 10) >> 8);
    return ParseNpyHeader(changed);
  };
  EXPECT_EQ(ValueOf(parse("()")).shape, std::vector<int64_t>{});
  EXPECT_EQ(ValueOf(parse("( 7 , )")).shape, std::vector<int64_t>{7});
  for (const std::string shape :
       {"(-3, 4)", "(x,)", "(3 4)", "(3,,4)", "(3x)", "(,)", "3, 4", "(99999999999999999999,)"}) {
    EXPECT_TRUE(parse(shape).status().IsInvalid()) << shape;
  }
  std::string many = "(";
  for (int i = 0; i < 65; ++i) many += "1, ";
  EXPECT_THAT(parse(many + ")").status().message(), HasSubstr("64 dimensions"));
}

TEST_F(TextFormatsTest, NpyRowsWithoutElementsAreLimited) {
  std::string giant =
      "{'descr': '<f4', 'fortran_order': True, 'shape': (1152921504606846976, 0), }\n";
  giant = std::string("\x93NUMPY\x01\0", 8) + static_cast<char>(giant.size()) + '\0' + giant;
  WriteText("in/a.npy", giant);
  NumpyReadOptions options;
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeNumpyDatasource(options)));
  ASSERT_TRUE(failed.status().IsInvalid());
  EXPECT_THAT(failed.status().message(), HasSubstr("a.npy"));
}

TEST_F(TextFormatsTest, UnknownKindsAreKeyErrors) {
  EXPECT_TRUE(DeserializeDatasource("nope", "").status().IsKeyError());
  EXPECT_TRUE(DeserializeDatasink("nope", "").status().IsKeyError());
}

/// A .npy file of `shape` whose element at position p (in C order) is p.
std::string NpyFile(const std::vector<int64_t>& shape, bool fortran) {
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  std::string header = ValueOf(FormatNpyHeader(*arrow::int32(), shape));
  if (fortran) {
    const std::string no = "'fortran_order': False";
    header.replace(header.find(no), no.size(), "'fortran_order': True ");
  }
  std::vector<int32_t> values(count);
  std::vector<int64_t> position(shape.size(), 0);
  for (int64_t at = 0; at < count; ++at) {
    int64_t c_order = 0;
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      c_order = c_order * shape[axis] + position[axis];
    }
    values[at] = static_cast<int32_t>(fortran ? c_order : at);
    for (size_t axis = 0; axis < shape.size(); ++axis) {
      if (++position[axis] < shape[axis]) break;
      position[axis] = 0;
    }
  }
  return header +
         std::string(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(int32_t));
}

TEST_F(TextFormatsTest, NpyIsReadInBlocksOfRowsInEitherOrder) {
  for (const bool fortran : {false, true}) {
    const std::string name = fortran ? "f" : "c";
    WriteText(name + "/a.npy", NpyFile({50, 4, 3}, fortran));
    NumpyReadOptions options;
    options.files = Files(name);
    const auto source = ValueOf(MakeNumpyDatasource(options));
    const auto tasks = ValueOf(source->PlanReadTasks({}));
    ReadOptions read;
    read.target_max_block_size = 7 * 12 * 4;  // seven rows
    read.target_min_block_size = 1;
    const auto reader = ValueOf(source->Open(tasks.at(0), read));
    int64_t rows = 0;
    int64_t blocks = 0;
    while (auto block = ValueOf(reader->Next())) {
      ++blocks;
      const auto& tensors = static_cast<const arrow::ExtensionArray&>(*block->batch()->column(0));
      const auto& lists = static_cast<const arrow::FixedSizeListArray&>(*tensors.storage());
      const auto& values = static_cast<const arrow::Int32Array&>(*lists.values());
      for (int64_t i = 0; i < block->num_rows() * 12; ++i) {
        ASSERT_EQ(values.Value(lists.value_offset(0) + i), rows * 12 + i) << name;
      }
      rows += block->num_rows();
    }
    EXPECT_EQ(rows, 50);
    EXPECT_EQ(blocks, 8);
  }
}

TEST_F(TextFormatsTest, NpyThatIsCutOffFailsBeforeItsFirstRow) {
  WriteText("in/a.npy", NpyFile({50, 4}, false).substr(0, 400));
  NumpyReadOptions options;
  options.files = Files("in");
  const auto failed = ReadAll(ValueOf(MakeNumpyDatasource(options)));
  EXPECT_THAT(failed.status().message(), HasSubstr("cut off"));
}

/// Every reader says what it needs, and that does not grow with the file.
TEST_F(TextFormatsTest, WorkingMemoryDoesNotGrowWithTheFile) {
  WriteText("in/a", std::string(10 << 20, 'x'));
  ReadParallelism parallelism;
  parallelism.target_max_block_size = 1 << 20;
  const auto heap = [&](const DatasourcePtr& source) {
    const auto tasks = ValueOf(source->PlanReadTasks(parallelism));
    return tasks.at(0).heap_bytes;
  };
  const auto files = Files("in");
  FileReadOptions large = files;
  large.sizes[0] *= 1000;
  const auto check = [&](auto make, auto options) {
    options.files = files;
    const int64_t small_heap = heap(ValueOf(make(options)));
    options.files = large;
    EXPECT_GT(small_heap, 0);
    EXPECT_EQ(heap(ValueOf(make(options))), small_heap);
  };
  check(MakeCsvDatasource, CsvReadOptions{});
  check(MakeJsonDatasource, JsonReadOptions{});
  check(MakeTextDatasource, TextReadOptions{});
  check(MakeNumpyDatasource, NumpyReadOptions{});
}

}  // namespace
}  // namespace headrace::datasource
