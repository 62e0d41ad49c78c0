// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/table_formats.h"

#include <arrow/array/array_dict.h>
#include <arrow/builder.h>
#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/ipc/writer.h>
#include <gmock/gmock.h>

#include "headrace/datasource/test_files.h"

namespace headrace::datasource {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Block Numbers(int64_t rows) {
  arrow::Int64Builder numbers;
  arrow::StringBuilder texts;
  for (int64_t i = 0; i < rows; ++i) {
    EXPECT_TRUE(numbers.Append(i).ok());
    EXPECT_TRUE((i % 7 == 0 ? texts.AppendNull() : texts.Append("t" + std::to_string(i))).ok());
  }
  return Block(arrow::RecordBatch::Make(
      arrow::schema({arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())}), rows,
      {*numbers.Finish(), *texts.Finish()}));
}

std::string Content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class TableFormatsTest : public DatasourceTest, public testing::WithParamInterface<const char*> {
 protected:
  DatasourcePtr Source(const FileReadOptions& files) const {
    if (GetParam() == std::string("orc")) return ValueOf(MakeOrcDatasource({.files = files}));
    return ValueOf(MakeArrowDatasource({.files = files}));
  }
  DatasinkPtr Sink(const std::string& name) const {
    if (GetParam() == std::string("orc")) {
      return ValueOf(MakeOrcDatasink({.files = WriteTo(name), .compression = "zstd"}));
    }
    return ValueOf(MakeArrowDatasink({.files = WriteTo(name), .compression = "zstd"}));
  }
};

TEST_P(TableFormatsTest, WhatIsWrittenIsRead) {
  const Block block = Numbers(1000);
  ASSERT_TRUE(WriteAll(Sink("out"), {block}).ok());
  const auto source = Source(Files("out"));
  EXPECT_TRUE(ValueOf(ReadAll(source)).batch()->Equals(*block.batch()));
  EXPECT_EQ(ValueOf(source->CountRows()), 1000);
  EXPECT_TRUE(ValueOf(source->Schema())->Equals(*block.schema()));
}

TEST_P(TableFormatsTest, ChosenColumnsComeInTheOrderThatWasAskedFor) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Numbers(10)}).ok());
  const auto source = Source(Files("out"))->WithColumns({"t", "n"});
  EXPECT_THAT(ValueOf(ReadAll(source)).schema()->field_names(), ElementsAre("t", "n"));
  EXPECT_THAT(ValueOf(source->Schema())->field_names(), ElementsAre("t", "n"));
  const auto missing = ReadAll(Source(Files("out"))->WithColumns({"x"}));
  EXPECT_TRUE(missing.status().IsKeyError());
  EXPECT_THAT(missing.status().message(), HasSubstr("no column 'x'"));
}

TEST_P(TableFormatsTest, TruncatedFilesAreErrorsThatNameTheFile) {
  ASSERT_TRUE(WriteAll(Sink("out"), {Numbers(500)}).ok());
  const std::string content = Content(FilesBelow("out").front());
  for (size_t size = 0; size < content.size() - 1; size += 1 + size / 8) {
    WriteText("cut/a", content.substr(0, size));
    const auto read = ReadAll(Source(Files("cut")));
    ASSERT_FALSE(read.ok()) << size;
    EXPECT_THAT(read.status().message(), HasSubstr(Path("cut/a"))) << size;
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, TableFormatsTest, testing::Values("arrow", "orc"));

class ArrowFormatTest : public DatasourceTest {
 protected:
  DatasourcePtr Source(const std::string& name) const {
    return ValueOf(MakeArrowDatasource({.files = Files(name)}));
  }
  void WriteStream(const std::string& name, const std::vector<Block>& blocks) const {
    auto sink = ValueOf(arrow::io::BufferOutputStream::Create());
    auto writer = ValueOf(arrow::ipc::MakeStreamWriter(sink, blocks.front().schema()));
    for (const Block& block : blocks) ASSERT_TRUE(writer->WriteRecordBatch(*block.batch()).ok());
    ASSERT_TRUE(writer->Close().ok());
    WriteText(name, ValueOf(sink->Finish())->ToString());
  }
};

TEST_F(ArrowFormatTest, StreamsAreToldByTheirFirstBytes) {
  WriteStream("in/a.arrows", {Numbers(5), Numbers(6)});
  EXPECT_EQ(ValueOf(ReadAll(Source("in"))).num_rows(), 11);
  EXPECT_EQ(ValueOf(Source("in")->CountRows()), std::nullopt);
  const auto narrow = Source("in")->WithColumns({"t"});
  EXPECT_THAT(ValueOf(ReadAll(narrow)).schema()->field_names(), ElementsAre("t"));
}

TEST_F(ArrowFormatTest, AFileWithoutRowsTellsItsColumns) {
  WriteStream("in/a.arrows", {Numbers(0)});
  const Block block = ValueOf(ReadAll(Source("in")));
  EXPECT_EQ(block.num_rows(), 0);
  EXPECT_THAT(block.schema()->field_names(), ElementsAre("n", "t"));
}

TEST_F(ArrowFormatTest, DictionariesThatChangeWithinAStreamAreRead) {
  const auto type = arrow::dictionary(arrow::int8(), arrow::utf8());
  std::vector<Block> blocks;
  for (const char* const word : {"one", "two"}) {
    arrow::StringDictionaryBuilder builder;
    ASSERT_TRUE(builder.Append(word).ok());
    const auto column = ValueOf(builder.Finish());
    blocks.emplace_back(
        arrow::RecordBatch::Make(arrow::schema({arrow::field("d", column->type())}), 1, {column}));
  }
  WriteStream("in/a.arrows", blocks);
  const Block block = ValueOf(ReadAll(Source("in")));
  const auto& column = static_cast<const arrow::DictionaryArray&>(*block.batch()->column(0));
  const auto& words = static_cast<const arrow::StringArray&>(*column.dictionary());
  EXPECT_EQ(words.GetView(column.GetValueIndex(0)), "one");
  EXPECT_EQ(words.GetView(column.GetValueIndex(1)), "two");
  EXPECT_EQ(block.num_rows(), 2);
}

/// The format has no checksums: a changed byte is an error or another value, never more.
TEST_F(ArrowFormatTest, FlippedBitsDoNoHarm) {
  ASSERT_TRUE(WriteAll(ValueOf(MakeArrowDatasink({.files = WriteTo("out")})), {Numbers(50)}).ok());
  WriteStream("stream/a.arrows", {Numbers(50)});
  for (const std::string& written : {FilesBelow("out").front(), Path("stream/a.arrows")}) {
    const std::string content = Content(written);
    for (size_t at = 0; at < content.size(); at += 7) {
      std::string changed = content;
      changed[at] = static_cast<char>(changed[at] ^ (1 << (at % 8)));
      WriteText("flip/a.arrow", changed);
      const auto read = ReadAll(Source("flip"));
      if (!read.ok()) {
        EXPECT_THAT(read.status().message(), HasSubstr(Path("flip/a.arrow")));
        continue;
      }
      EXPECT_TRUE(read->batch()->ValidateFull().ok()) << at;
    }
  }
}

TEST_F(ArrowFormatTest, FilesOfOtherFormatsAreRefused) {
  for (const char* const content : {"FEA1....", "PAR1", "some text that is no stream"}) {
    WriteText("in/a.arrow", content);
    const auto read = ReadAll(Source("in"));
    ASSERT_TRUE(read.status().IsInvalid() || read.status().IsIOError()) << content;
    EXPECT_THAT(read.status().message(), HasSubstr("a.arrow"));
  }
}

TEST_F(ArrowFormatTest, UnknownCompressionIsRefused) {
  const auto sink = MakeArrowDatasink({.files = WriteTo("out"), .compression = "gzip"});
  EXPECT_THAT(sink.status().message(), HasSubstr("lz4, zstd, none"));
}

class OrcFormatTest : public DatasourceTest {};

TEST_F(OrcFormatTest, AColumnWithoutOrcTypeIsNamed) {
  arrow::UInt8Builder builder;
  ASSERT_TRUE(builder.Append(1).ok());
  const Block block(arrow::RecordBatch::Make(arrow::schema({arrow::field("u", arrow::uint8())}), 1,
                                             {ValueOf(builder.Finish())}));
  const Status status = WriteAll(ValueOf(MakeOrcDatasink({.files = WriteTo("out")})), {block});
  EXPECT_TRUE(status.IsTypeError());
  EXPECT_THAT(status.message(), HasSubstr("column 'u': ORC has no type for uint8"));
  EXPECT_TRUE(FilesBelow("out").empty());
}

TEST_F(OrcFormatTest, ManyStripesAreReadInOrder) {
  const Block block = Numbers(300'000);
  const auto sink = ValueOf(MakeOrcDatasink({.files = WriteTo("out"), .stripe_size = 64 << 10}));
  ASSERT_TRUE(WriteAll(sink, {block}).ok());
  const auto source = ValueOf(MakeOrcDatasource({.files = Files("out")}));
  EXPECT_TRUE(ValueOf(ReadAll(source)).batch()->Equals(*block.batch()));
}

}  // namespace
}  // namespace headrace::datasource
