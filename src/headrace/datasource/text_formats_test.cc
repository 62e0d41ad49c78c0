// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/text_formats.h"

#include <arrow/builder.h>
#include <gmock/gmock.h>

#include <limits>

#include "headrace/datasource/json_encoder.h"
#include "headrace/datasource/npy_header.h"
#include "headrace/datasource/test_files.h"

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

TEST_F(TextFormatsTest, UnknownKindsAreKeyErrors) {
  EXPECT_TRUE(DeserializeDatasource("nope", "").status().IsKeyError());
  EXPECT_TRUE(DeserializeDatasink("nope", "").status().IsKeyError());
}

}  // namespace
}  // namespace headrace::datasource
