// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/layout.h"

#include <arrow/array.h>
#include <arrow/json/from_string.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

#include "headrace/block/tensor.h"

namespace headrace {
namespace {

std::shared_ptr<arrow::Array> FromJson(const std::shared_ptr<arrow::DataType>& type,
                                       const std::string& json) {
  return arrow::json::ArrayFromJSONString(type, json).ValueOrDie();
}

Block OneColumn(const std::shared_ptr<arrow::Array>& array) {
  return Block(arrow::RecordBatch::Make(arrow::schema({arrow::field("a", array->type())}),
                                        array->length(), arrow::ArrayVector{array}));
}

/// `block` through bytes, as if another process had read it.
Block RoundTrip(const Block& block) {
  const FlatBlock flat = Flatten(block).ValueOrDie();
  std::shared_ptr<arrow::Buffer> body = *arrow::AllocateBuffer(flat.body_bytes());
  CopyBody(flat, body->mutable_data());
  const std::string schema = SerializeSchema(*block.schema()).ValueOrDie();
  return Unflatten(DeserializeSchema(schema).ValueOrDie(), flat.description, body).ValueOrDie();
}

void ExpectRoundTrip(const Block& block) {
  const Block again = RoundTrip(block);
  EXPECT_TRUE(again.batch()->ValidateFull().ok()) << again.batch()->ValidateFull().ToString();
  EXPECT_TRUE(again.batch()->Equals(*block.batch(), /*check_metadata=*/true))
      << again.batch()->ToString();
}

class LayoutTest : public testing::Test {
 protected:
  LayoutTest() { EXPECT_TRUE(RegisterExtensionTypes().ok()); }
};

std::vector<std::shared_ptr<arrow::Array>> SampleArrays() {
  const auto list = arrow::list(arrow::int32());
  const auto record = arrow::struct_(
      {arrow::field("x", arrow::int64()), arrow::field("tags", arrow::list(arrow::utf8()))});
  const auto dictionary = arrow::dictionary(arrow::int8(), arrow::utf8());
  const auto values = FromJson(arrow::float32(), "[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]");
  return {
      FromJson(arrow::int64(), "[1, null, 3, 4, 5, 6]"),
      FromJson(arrow::boolean(), "[true, false, null, true, true, false]"),
      FromJson(arrow::utf8(), R"(["a", "", null, "dé", "e", "ffffff"])"),
      FromJson(arrow::large_binary(), R"(["a", "", null, "d", "e", "f"])"),
      FromJson(arrow::null(), "[null, null, null, null, null, null]"),
      FromJson(list, "[[1], [], null, [2, 3], [4, null], [5]]"),
      FromJson(arrow::fixed_size_list(arrow::int16(), 2),
               "[[1, 2], [3, 4], null, [5, 6], [7, 8], [9, 10]]"),
      FromJson(arrow::map(arrow::utf8(), arrow::int32()),
               R"([[["k", 1]], [], null, [["l", 2], ["m", null]], [], []])"),
      FromJson(record, R"([{"x": 1, "tags": ["p"]}, null, {"x": null, "tags": []},
                           {"x": 4, "tags": null}, {"x": 5, "tags": ["q", "r"]}, {"x": 6}])"),
      FromJson(dictionary, R"(["u", "v", null, "u", "w", "u"])"),
      FromJson(arrow::list(dictionary), R"([["u"], ["v", "u"], null, [], ["w"], ["u"]])"),
      FromJson(arrow::decimal128(10, 2), R"(["1.10", null, "3.30", "4.40", "5.50", "6.60"])"),
      FromJson(arrow::timestamp(arrow::TimeUnit::MICRO, "UTC"), "[1, null, 3, 4, 5, 6]"),
      *MakeFixedShapeTensorArray(values, {2}),
      *MakeVariableShapeTensorArray(values, {{1, 2}, {2, 2}, {0, 3}, {1, 1}, {5, 1}, {2, 0}}),
  };
}

TEST_F(LayoutTest, EveryTypeComesBackAsItWas) {
  for (const auto& array : SampleArrays()) {
    SCOPED_TRACE(array->type()->ToString());
    ExpectRoundTrip(OneColumn(array));
  }
}

TEST_F(LayoutTest, EverySliceComesBackAsItWas) {
  for (const auto& array : SampleArrays()) {
    SCOPED_TRACE(array->type()->ToString());
    const Block block = OneColumn(array);
    for (int64_t offset = 0; offset < block.num_rows(); ++offset) {
      for (int64_t length = 0; length <= block.num_rows() - offset; ++length) {
        ExpectRoundTrip(block.Slice(offset, length));
      }
    }
  }
}

TEST_F(LayoutTest, ASmallSliceOfALargeBlockTakesItsOwnBytesOnly) {
  const std::string letters(1000, 'x');
  std::string json = "[\"" + letters + "\"";
  for (int i = 0; i < 100; ++i) json += ",\"" + letters + "\"";
  const Block block = OneColumn(FromJson(arrow::utf8(), json + "]"));
  EXPECT_GT(Flatten(block)->body_bytes(), 100'000);
  const Block slice = block.Slice(50, 1);
  EXPECT_LT(Flatten(slice)->body_bytes(), 2'000);
  ExpectRoundTrip(slice);
}

TEST_F(LayoutTest, RowsWithoutColumnsKeepTheirNumber) {
  const Block block(arrow::RecordBatch::Make(arrow::schema({}), 7, arrow::ArrayVector{}));
  EXPECT_EQ(RoundTrip(block).num_rows(), 7);
  ExpectRoundTrip(Block());
}

TEST_F(LayoutTest, BuffersAreAligned) {
  const Block block = OneColumn(SampleArrays()[2]);
  const FlatBlock flat = Flatten(block).ValueOrDie();
  EXPECT_EQ(flat.body_bytes() % kBufferAlignment, 0);
  const Block again = RoundTrip(block);
  for (const auto& buffer : again.batch()->column(0)->data()->buffers) {
    EXPECT_EQ(buffer->address() % kBufferAlignment, 0);
  }
}

TEST_F(LayoutTest, ATornDescriptionOrBodyIsAnError) {
  const Block block = OneColumn(SampleArrays()[8]);
  const FlatBlock flat = Flatten(block).ValueOrDie();
  std::shared_ptr<arrow::Buffer> body = *arrow::AllocateBuffer(flat.body_bytes());
  CopyBody(flat, body->mutable_data());
  for (size_t size = 0; size < flat.description.size(); ++size) {
    EXPECT_FALSE(Unflatten(block.schema(), flat.description.substr(0, size), body).ok()) << size;
  }
  EXPECT_FALSE(Unflatten(block.schema(), flat.description, arrow::SliceBuffer(body, 0, 8)).ok());
  EXPECT_FALSE(
      Unflatten(arrow::schema({arrow::field("a", arrow::int64())}), flat.description, body).ok());
}

TEST_F(LayoutTest, TheCacheReadsAndWritesEachSchemaOnce) {
  const auto schema = arrow::schema({arrow::field("a", arrow::int64())},
                                    arrow::KeyValueMetadata::Make({"k"}, {"v"}));
  SchemaCache writer;
  const std::string bytes = writer.Bytes(schema).ValueOrDie();
  EXPECT_EQ(writer.Bytes(schema).ValueOrDie(), bytes);
  EXPECT_NE(writer.Bytes(schema->RemoveMetadata()).ValueOrDie(), bytes) << "metadata counts";
  SchemaCache reader;
  const auto first = reader.Get(bytes).ValueOrDie();
  EXPECT_TRUE(first->Equals(*schema, true));
  EXPECT_EQ(reader.Get(bytes).ValueOrDie(), first);
  EXPECT_FALSE(reader.Get("rubbish").ok());
}

}  // namespace
}  // namespace headrace
