// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_parser.h"

#define RAPIDJSON_NAMESPACE headrace::rapidjson
#if defined(__SSE2__)
#define RAPIDJSON_SSE2
#elif defined(__ARM_NEON)
#define RAPIDJSON_NEON
#endif
#include <rapidjson/reader.h>

#include <algorithm>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/datasource/json_depth.h"

namespace headrace::datasource {
namespace {

// What Arrow's reader takes for JSON; without recursion, so that no text can overflow the stack.
constexpr unsigned kParseFlags = rapidjson::kParseIterativeFlag | rapidjson::kParseNanAndInfFlag |
                                 rapidjson::kParseStopWhenDoneFlag |
                                 rapidjson::kParseFullPrecisionFlag;

/// Puts the values that the parser meets into columns; false ends the parser.
class RowHandler {
 public:
  explicit RowHandler(JsonFields* rows) : rows_(rows) {}

  bool Null() {
    return With([](JsonColumn* column) { return column->AppendNull(); });
  }
  bool Bool(bool value) {
    return With([&](JsonColumn* column) { return column->AppendBool(value); });
  }
  bool Int(int value) { return Int64(value); }
  bool Uint(unsigned value) { return Int64(value); }
  bool Int64(int64_t value) {
    return With([&](JsonColumn* column) { return column->AppendInt(value); });
  }
  bool Uint64(uint64_t value) {
    return std::in_range<int64_t>(value) ? Int64(static_cast<int64_t>(value))
                                         : Double(static_cast<double>(value));
  }
  bool Double(double value) {
    return With([&](JsonColumn* column) { return column->AppendDouble(value); });
  }
  bool String(const char* text, size_t size, bool) {
    return With([&](JsonColumn* column) { return column->AppendString({text, size}); });
  }
  bool RawNumber(const char*, size_t, bool) { return false; }  // not with these flags

  bool StartObject() {
    if (levels_.empty()) return Enter({nullptr, rows_});
    return With([this](JsonColumn* column) -> Status {
      ARROW_ASSIGN_OR_RAISE(JsonFields * fields, column->BeginStruct());
      return Enter({column, fields}) ? Status::OK() : Status::Invalid("deep JSON");
    });
  }
  bool Key(const char* text, size_t size, bool) {
    return levels_.back().fields->Column({text, size}).Value(&column_).ok();
  }
  bool EndObject(size_t) {
    JsonColumn* const column = Leave();
    return column == nullptr ? rows_->EndRow().ok() : column->EndStruct().ok();
  }
  bool StartArray() {
    return With([this](JsonColumn* column) -> Status {
      ARROW_ASSIGN_OR_RAISE(column_, column->BeginList());
      return Enter({column, nullptr, column_}) ? Status::OK() : Status::Invalid("deep JSON");
    });
  }
  bool EndArray(size_t) { return Leave()->EndList().ok(); }

 private:
  /// An object or array that has begun.
  struct Level {
    JsonColumn* column;           // whose value it is; nullptr: a row
    JsonFields* fields;           // of an object
    JsonColumn* items = nullptr;  // of an array
  };

  bool Enter(const Level& level) {
    levels_.push_back(level);
    return levels_.size() <= kMostJsonLevels;
  }
  JsonColumn* Leave() {
    JsonColumn* const column = levels_.back().column;
    levels_.pop_back();
    if (!levels_.empty()) column_ = levels_.back().items;
    return column;
  }
  template <typename Append>
  bool With(const Append& append) {
    if (levels_.empty()) return false;  // a row that is no object
    return append(column_).ok();
  }

  JsonFields* const rows_;
  std::vector<Level> levels_;
  JsonColumn* column_ = nullptr;  // of the next value
};

/// Appends the objects of `text` to `rows`; false: not in the usual form.
bool ParseObjects(const char* text, int64_t size, JsonFields* rows) {
  rapidjson::Reader reader;
  rapidjson::StringStream stream(text);  // ends at a zero byte
  RowHandler handler(rows);
  while (true) {
    rapidjson::SkipWhitespace(stream);
    if (stream.Peek() == '\0') return static_cast<int64_t>(stream.Tell()) == size;
    if (reader.Parse<kParseFlags>(stream, handler).IsError()) return false;
  }
}

bool IsKnown(const arrow::Schema* schema) {
  return schema == nullptr || std::ranges::all_of(schema->fields(), [](const auto& field) {
           return field->nullable() && IsJsonType(*field->type());
         });
}

}  // namespace

JsonRows::JsonRows(std::shared_ptr<arrow::Schema> schema, int64_t max_keys, arrow::MemoryPool* pool)
    : schema_(std::move(schema)),
      known_(IsKnown(schema_.get())),
      extent_(max_keys),
      fields_(&extent_, pool) {}

Result<bool> JsonRows::Append(const arrow::Buffer& text) {
  if (!known_) return false;
  extent_.AddText(text.size());
  const bool is_usual = ParseObjects(text.data_as<char>(), text.size(), &fields_);
  ARROW_RETURN_NOT_OK(extent_.Check());
  return is_usual;
}

Result<std::optional<Block>> JsonRows::Finish() {
  if (!known_) return std::nullopt;
  auto finished = fields_.Finish(schema_ == nullptr ? arrow::FieldVector{} : schema_->fields());
  if (finished.status().IsInvalid()) return std::nullopt;
  ARROW_RETURN_NOT_OK(finished.status());
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(finished->fields)),
                                        fields_.num_rows(), std::move(finished->arrays)));
}

}  // namespace headrace::datasource
