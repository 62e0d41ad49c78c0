// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/record_formats.h"

#include <arrow/builder.h>
#include <arrow/io/memory.h>
#include <gmock/gmock.h>

#include "headrace/datasource/crc32c.h"
#include "headrace/datasource/test_files.h"
#include "headrace/datasource/tf_example.h"
#include "headrace/datasource/tfrecord_framing.h"

namespace headrace::datasource {
namespace {

using testing::HasSubstr;

TEST(Crc32cTest, GivesThePublishedValuesWithAndWithoutTheInstruction) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);  // RFC 3720
  std::string text;
  for (int i = 0; i < 300; ++i) {
    EXPECT_EQ(Crc32c(text), Crc32cPortable(text)) << i;
    text.push_back(static_cast<char>(i * 37));
  }
}

std::string Example(int64_t number, const std::vector<std::string_view>& words) {
  ExampleWriter writer;
  writer.Begin();
  writer.Int64s("n", &number, 1);
  writer.Bytes("w", words);
  const float half = 0.5;
  if (number % 2 == 0) writer.Floats("f", &half, 1);
  return std::string(writer.Finish());
}

TEST(TfExampleTest, EveryPrefixAndEveryFlippedBitIsReadOrRefused) {
  const std::string message = Example(4, {"one", "two"});
  std::vector<FeatureView> features;
  ASSERT_TRUE(ParseExample(message, &features).ok());
  ASSERT_EQ(features.size(), 3u);
  EXPECT_EQ(features[1].num_values, 2);
  for (size_t size = 1; size < message.size(); ++size) {
    EXPECT_TRUE(ParseExample(message.substr(0, size), &features).IsInvalid()) << size;
  }
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    std::string changed = message;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    if (!ParseExample(changed, &features).ok()) continue;
    for (const FeatureView& feature : features) {
      EXPECT_LE(feature.num_values, static_cast<int64_t>(message.size()));
    }
  }
}

TEST(TfExampleTest, ValuesNeedNotBePacked) {
  // features { feature { key: "n" value { int64_list { value: 1 value: 300 } } } }
  const std::string list("\x08\x01\x08\xAC\x02", 5);
  const std::string feature = std::string("\x1A\x05", 2) + list;
  const std::string entry = std::string("\x0A\x01n\x12\x07", 5) + feature;
  const std::string map = std::string("\x0A\x0C", 2) + entry;
  std::vector<FeatureView> features;
  const std::string message = std::string("\x0A\x0E", 2) + map;
  ASSERT_TRUE(ParseExample(message, &features).ok());
  std::vector<int64_t> values;
  ForEachInt64(features.at(0), [&](int64_t value) { values.push_back(value); });
  EXPECT_EQ(values, (std::vector<int64_t>{1, 300}));
}

class TfrecordTest : public DatasourceTest {
 protected:
  Result<Block> Read(const std::string& name, TfSchema schema = {}, ReadOptions options = {}) {
    ARROW_ASSIGN_OR_RAISE(const auto source,
                          MakeTfrecordDatasource({.files = Files(name), .schema = schema}));
    return ReadAll(source, {}, options);
  }
  static std::string Records(const std::vector<std::string>& messages) {
    std::string out;
    for (const std::string& message : messages) AppendRecord(message, &out);
    return out;
  }
};

TEST_F(TfrecordTest, OneValueIsAScalarAndSeveralAreAList) {
  WriteText("in/a.tfrecords", Records({Example(1, {"x"}), Example(2, {"x", "y"})}));
  const Block block = ValueOf(Read("in"));
  EXPECT_EQ(block.schema()->ToString(), "n: int64\nw: list<item: binary>\nf: float");
  EXPECT_TRUE(block.batch()->GetColumnByName("f")->IsNull(0));
  const auto& words = static_cast<const arrow::ListArray&>(*block.batch()->GetColumnByName("w"));
  EXPECT_EQ(words.value_length(0), 1);
  EXPECT_EQ(words.value_length(1), 2);
}

TEST_F(TfrecordTest, ASchemaMakesListsAndNothingElse) {
  WriteText("in/a.tfrecords", Records({Example(1, {"x"})}));
  using Kind = TfFeature::Kind;
  const TfSchema schema = {{{"n", Kind::kInt64}, {"w", Kind::kBytes}, {"f", Kind::kFloat}}};
  EXPECT_EQ(ValueOf(Read("in", schema)).schema()->ToString(),
            "n: list<item: int64>\nw: list<item: binary>\nf: list<item: float>");
  const auto extra = Read("in", {{{"n", Kind::kInt64}}});
  EXPECT_THAT(extra.status().message(), HasSubstr("record 0 has the feature 'w'"));
  const auto other = Read("in", {{{"n", Kind::kFloat}, {"w", Kind::kBytes}}});
  EXPECT_THAT(other.status().message(), HasSubstr("int64 values in the feature 'n'"));
}

/// The types of the first rows are those of the last ones, also when they come in other blocks.
TEST_F(TfrecordTest, AllBlocksOfAFileHaveItsTypes) {
  std::vector<std::string> messages(400, Example(1, {std::string(200, 'x')}));
  messages.push_back(Example(2, {"x", "y"}));
  WriteText("in/a.tfrecords", Records(messages));
  ReadOptions small;
  small.target_max_block_size = 8 << 10;
  const Block block = ValueOf(Read("in", {}, small));
  EXPECT_EQ(block.num_rows(), 401);
  EXPECT_EQ(block.schema()->ToString(), "n: int64\nw: list<item: binary>\nf: float");
}

TEST_F(TfrecordTest, DamageIsFoundByTheChecksums) {
  const std::string good = Records({Example(1, {"x"}), Example(2, {"y"})});
  for (size_t bit = 0; bit < 8 * good.size(); bit += 3) {
    std::string changed = good;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    WriteText("in/a.tfrecords", changed);
    const auto read = Read("in");
    ASSERT_TRUE(read.status().IsInvalid()) << bit;
    EXPECT_THAT(read.status().message(), HasSubstr("a.tfrecords: record "));
  }
  const size_t whole_record = Records({Example(1, {"x"})}).size();
  for (size_t size = 1; size < good.size(); ++size) {
    if (size == whole_record) continue;
    WriteText("in/a.tfrecords", good.substr(0, size));
    const auto read = Read("in");
    ASSERT_TRUE(read.status().IsInvalid()) << size;
    EXPECT_THAT(read.status().message(), HasSubstr("is cut off"));
  }
}

TEST_F(TfrecordTest, AHugeLengthIsNoAllocation) {
  std::string huge(12, '\0');
  const uint64_t length = uint64_t{1} << 30;
  std::memcpy(huge.data(), &length, sizeof(length));
  // The checksum of this length, as a frame would have it.
  const uint32_t crc = Crc32c(std::string_view(huge).substr(0, 8));
  const uint32_t masked = ((crc >> 15) | (crc << 17)) + 0xA282EAD8;
  std::memcpy(huge.data() + 8, &masked, sizeof(masked));
  auto stream =
      std::make_shared<arrow::io::BufferReader>(arrow::Buffer::FromString(huge + "short"));
  RecordReader reader(stream);
  std::string record;
  EXPECT_THAT(reader.Next(&record).status().message(), HasSubstr("record 0 at byte 0 is cut off"));
  EXPECT_LT(record.capacity(), size_t{4} << 20);
}

TEST_F(TfrecordTest, ColumnsThatNoFeatureHoldsAreNamed) {
  const auto type = arrow::timestamp(arrow::TimeUnit::SECOND);
  const Block block(arrow::RecordBatch::Make(arrow::schema({arrow::field("t", type)}), 1,
                                             {ValueOf(arrow::MakeArrayOfNull(type, 1))}));
  const auto sink = ValueOf(MakeTfrecordDatasink({.files = WriteTo("out")}));
  const Status status = WriteAll(sink, {block});
  EXPECT_TRUE(status.IsTypeError());
  EXPECT_THAT(status.message(), HasSubstr("column 't' is timestamp[s]"));
}

}  // namespace
}  // namespace headrace::datasource
