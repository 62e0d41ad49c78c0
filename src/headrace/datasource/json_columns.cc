// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_columns.h"

#include <arrow/array/util.h>
#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

namespace headrace::datasource {
namespace {

using arrow::Type;

bool ParseTimestamp(const arrow::DataType& type, std::string_view text, int64_t* out) {
  return arrow::internal::ParseValue(static_cast<const arrow::TimestampType&>(type), text.data(),
                                     text.size(), out);
}

const std::shared_ptr<arrow::DataType>& Seconds() {
  static const auto* const kType =
      new std::shared_ptr<arrow::DataType>(arrow::timestamp(arrow::TimeUnit::SECOND));
  return *kType;
}

/// Names are short: comparing them here is faster than a call.
bool IsSame(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  if (size < sizeof(uint64_t) || size > 2 * sizeof(uint64_t)) return a == b;
  const auto differs = [&](size_t at) {
    uint64_t x;
    uint64_t y;
    std::memcpy(&x, a.data() + at, sizeof(x));
    std::memcpy(&y, b.data() + at, sizeof(y));
    return x ^ y;
  };
  return (differs(0) | differs(size - sizeof(uint64_t))) == 0;
}

Status WrongType(const arrow::DataType& type) {
  return Status::Invalid("JSON values that are no ", type.ToString());
}

}  // namespace

bool IsJsonType(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT64:
    case Type::DOUBLE:
    case Type::STRING:
      return true;
    case Type::TIMESTAMP:
      return static_cast<const arrow::TimestampType&>(type).timezone().empty();
    case Type::LIST:
    case Type::STRUCT:
      return std::ranges::all_of(type.fields(), [](const auto& field) {
        return field->nullable() && IsJsonType(*field->type());
      });
    default:
      return false;
  }
}

Status TooManyJsonKeys(int64_t num_keys, int64_t max_keys) {
  return Status::CapacityError(
      "the JSON objects have ", num_keys,
      " different keys so far, and a table has a column for "
      "each: too many, or most rows lack most of them (DataContext.max_json_keys is ",
      max_keys,
      "). Where keys are data, read_text and a function that takes the lines apart do better");
}

Status JsonExtent::TooMuch() const { return TooManyJsonKeys(num_keys_, max_keys_); }

JsonColumn::JsonColumn(JsonExtent* extent, arrow::MemoryPool* pool)
    : extent_(extent),
      pool_(pool),
      valid_(pool),
      bools_(pool),
      words_(pool),
      ends_(pool),
      bytes_(pool) {}

JsonColumn::~JsonColumn() = default;

Status JsonColumn::CountRow(bool valid) {
  ++length_;
  if (num_nulls_ == 0) return Status::OK();
  return valid_.Append(valid);
}

Status JsonColumn::AppendNulls(int64_t count) {
  if (count == 0) return Status::OK();
  if (num_nulls_ == 0 && kind_ != Kind::kNull) ARROW_RETURN_NOT_OK(valid_.Append(length_, true));
  num_nulls_ += count;
  length_ += count;
  switch (kind_) {
    case Kind::kNull:
      return Status::OK();
    case Kind::kBool:
      ARROW_RETURN_NOT_OK(bools_.Append(count, false));
      break;
    case Kind::kInt:
    case Kind::kDouble:
      ARROW_RETURN_NOT_OK(words_.Append(count, 0));
      break;
    case Kind::kString:
    case Kind::kList: {
      const int32_t end = ends_.length() == 0 ? 0 : ends_.data()[ends_.length() - 1];
      ARROW_RETURN_NOT_OK(ends_.Append(count, end));
      break;
    }
    case Kind::kStruct:
      ARROW_RETURN_NOT_OK(fields_->AppendNulls(count));
      break;
  }
  return valid_.Append(count, false);
}

Status JsonColumn::Become(Kind kind) {
  if (kind_ == kind) return Status::OK();
  if (kind_ != Kind::kNull) return Status::Invalid("JSON value of another kind");
  kind_ = kind;
  if (kind == Kind::kList) items_ = std::make_unique<JsonColumn>(extent_, pool_);
  if (kind == Kind::kStruct) fields_ = std::make_unique<JsonFields>(extent_, pool_);
  const int64_t nulls = std::exchange(length_, 0);
  num_nulls_ = 0;
  return AppendNulls(nulls);
}

Status JsonColumn::AppendBool(bool value) {
  ARROW_RETURN_NOT_OK(Become(Kind::kBool));
  ARROW_RETURN_NOT_OK(bools_.Append(value));
  return CountRow(true);
}

Status JsonColumn::AppendInt(int64_t value) {
  if (kind_ == Kind::kDouble) return AppendDouble(static_cast<double>(value));
  ARROW_RETURN_NOT_OK(Become(Kind::kInt));
  ARROW_RETURN_NOT_OK(words_.Append(value));
  return CountRow(true);
}

Status JsonColumn::AppendDouble(double value) {
  if (kind_ == Kind::kInt) WidenToDouble();
  ARROW_RETURN_NOT_OK(Become(Kind::kDouble));
  ARROW_RETURN_NOT_OK(words_.Append(std::bit_cast<int64_t>(value)));
  return CountRow(true);
}

void JsonColumn::WidenToDouble() {
  kind_ = Kind::kDouble;
  int64_t* const words = words_.mutable_data();
  for (int64_t i = 0; i < words_.length(); ++i) {
    words[i] = std::bit_cast<int64_t>(static_cast<double>(words[i]));
  }
}

Status JsonColumn::AppendString(std::string_view value) {
  ARROW_RETURN_NOT_OK(Become(Kind::kString));
  ARROW_RETURN_NOT_OK(bytes_.Append(value.data(), static_cast<int64_t>(value.size())));
  ARROW_RETURN_NOT_OK(ends_.Append(static_cast<int32_t>(bytes_.length())));
  return CountRow(true);
}

Result<JsonColumn*> JsonColumn::BeginList() {
  ARROW_RETURN_NOT_OK(Become(Kind::kList));
  return items_.get();
}

Status JsonColumn::EndList() {
  ARROW_RETURN_NOT_OK(ends_.Append(static_cast<int32_t>(items_->length())));
  return CountRow(true);
}

Result<JsonFields*> JsonColumn::BeginStruct() {
  ARROW_RETURN_NOT_OK(Become(Kind::kStruct));
  return fields_.get();
}

Status JsonColumn::EndStruct() {
  ARROW_RETURN_NOT_OK(fields_->EndRow());
  return CountRow(true);
}

std::string_view JsonColumn::StringAt(int64_t row) const {
  const int32_t begin = row == 0 ? 0 : ends_.data()[row - 1];
  return {bytes_.data_as<char>() + begin, static_cast<size_t>(ends_.data()[row] - begin)};
}

bool JsonColumn::AllTimestamps() const {
  for (int64_t row = 0; row < length_; ++row) {
    int64_t ignored;
    if (num_nulls_ > 0 && !arrow::bit_util::GetBit(valid_.data(), row)) continue;
    if (!ParseTimestamp(*Seconds(), StringAt(row), &ignored)) return false;
  }
  return true;
}

std::shared_ptr<arrow::DataType> JsonColumn::InferredType() const {
  switch (kind_) {
    case Kind::kNull:
      return arrow::null();
    case Kind::kBool:
      return arrow::boolean();
    case Kind::kInt:
      return arrow::int64();
    case Kind::kDouble:
      return arrow::float64();
    case Kind::kString:
      return AllTimestamps() ? Seconds() : arrow::utf8();
    default:
      return nullptr;  // from its parts
  }
}

Result<std::shared_ptr<arrow::ArrayData>> JsonColumn::FinishNulls(
    const std::shared_ptr<arrow::DataType>& type) {
  ARROW_ASSIGN_OR_RAISE(const auto nulls, arrow::MakeArrayOfNull(type, length_, pool_));
  return nulls->data();
}

Result<std::shared_ptr<arrow::ArrayData>> JsonColumn::FinishTimestamps(
    const std::shared_ptr<arrow::DataType>& type, std::shared_ptr<arrow::Buffer> validity) {
  ARROW_RETURN_NOT_OK(words_.Resize(length_));
  for (int64_t row = 0; row < length_; ++row) {
    int64_t value = 0;
    const bool is_null = validity != nullptr && !arrow::bit_util::GetBit(validity->data(), row);
    if (!is_null && !ParseTimestamp(*type, StringAt(row), &value)) return WrongType(*type);
    words_.UnsafeAppend(value);
  }
  ARROW_ASSIGN_OR_RAISE(auto values, words_.Finish());
  return arrow::ArrayData::Make(type, length_, {std::move(validity), std::move(values)},
                                num_nulls_);
}

Result<std::shared_ptr<arrow::ArrayData>> JsonColumn::Finish(
    const std::shared_ptr<arrow::DataType>& wanted) {
  const std::shared_ptr<arrow::DataType> type = wanted != nullptr ? wanted : InferredType();
  if (kind_ == Kind::kNull) return FinishNulls(type);
  if (type != nullptr && type->id() == Type::DOUBLE && kind_ == Kind::kInt) WidenToDouble();
  std::shared_ptr<arrow::Buffer> validity;
  if (num_nulls_ > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, valid_.Finish());
  }
  const auto make = [&](std::shared_ptr<arrow::DataType> made, auto... buffers) {
    return arrow::ArrayData::Make(std::move(made), length_,
                                  {std::move(validity), std::move(buffers)...}, num_nulls_);
  };
  const auto is = [&](Type::type id) { return type == nullptr || type->id() == id; };
  const auto offsets = [&]() -> Result<std::shared_ptr<arrow::Buffer>> {
    arrow::TypedBufferBuilder<int32_t> all(pool_);
    ARROW_RETURN_NOT_OK(all.Reserve(length_ + 1));
    all.UnsafeAppend(0);
    all.UnsafeAppend(ends_.data(), length_);
    ends_.Reset();
    return all.Finish();
  };
  switch (kind_) {
    case Kind::kBool:
      if (!is(Type::BOOL)) return WrongType(*type);
      return bools_.Finish().Map([&](auto values) { return make(type, std::move(values)); });
    case Kind::kInt:
    case Kind::kDouble:
      if (!is(kind_ == Kind::kInt ? Type::INT64 : Type::DOUBLE)) return WrongType(*type);
      return words_.Finish().Map([&](auto values) { return make(type, std::move(values)); });
    case Kind::kString: {
      if (is(Type::TIMESTAMP)) return FinishTimestamps(type, std::move(validity));
      if (!is(Type::STRING)) return WrongType(*type);
      ARROW_ASSIGN_OR_RAISE(auto ends, offsets());
      ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> bytes, bytes_.Finish());
      return make(type, std::move(ends), std::move(bytes));
    }
    case Kind::kList: {
      if (!is(Type::LIST)) return WrongType(*type);
      const auto field = type == nullptr ? arrow::field("item", arrow::null()) : type->field(0);
      ARROW_ASSIGN_OR_RAISE(auto ends, offsets());
      ARROW_ASSIGN_OR_RAISE(auto items, items_->Finish(type == nullptr ? nullptr : field->type()));
      auto list = make(arrow::list(field->WithType(items->type)), std::move(ends));
      list->child_data = {std::move(items)};
      return list;
    }
    case Kind::kStruct: {
      if (!is(Type::STRUCT)) return WrongType(*type);
      ARROW_ASSIGN_OR_RAISE(
          auto finished, fields_->Finish(type == nullptr ? arrow::FieldVector{} : type->fields()));
      auto data = make(arrow::struct_(std::move(finished.fields)));
      data->child_data = std::move(finished.arrays);
      return data;
    }
    case Kind::kNull:
      break;
  }
  return Status::Invalid("JSON column of an unknown kind");
}

Result<JsonColumn*> JsonFields::Column(std::string_view name) {
  if (likely_ >= names_.size() || !IsSame(names_[likely_], name)) {
    const auto [found, is_new] = numbers_.try_emplace(std::string(name), names_.size());
    likely_ = found->second;
    if (is_new) {
      ARROW_RETURN_NOT_OK(extent_->AddKey());
      ARROW_RETURN_NOT_OK(extent_->AddEmpty(num_rows_));
      names_.emplace_back(name);
      columns_.push_back(std::make_unique<JsonColumn>(extent_, pool_));
      ARROW_RETURN_NOT_OK(columns_.back()->AppendNulls(num_rows_));
    }
  }
  JsonColumn* const column = columns_[likely_++].get();
  if (column->length() > num_rows_) return Status::Invalid("JSON name that stands twice");
  ++num_given_;
  return column;
}

Status JsonFields::EndRow() {
  likely_ = 0;
  ++num_rows_;
  const size_t given = std::exchange(num_given_, 0);
  if (given == columns_.size()) return Status::OK();
  ARROW_RETURN_NOT_OK(extent_->AddEmpty(static_cast<int64_t>(columns_.size() - given)));
  for (const auto& column : columns_) {
    if (column->length() < num_rows_) ARROW_RETURN_NOT_OK(column->AppendNull());
  }
  return Status::OK();
}

Status JsonFields::AppendNulls(int64_t count) {
  num_rows_ += count;
  ARROW_RETURN_NOT_OK(extent_->AddEmpty(count * static_cast<int64_t>(columns_.size())));
  for (const auto& column : columns_) ARROW_RETURN_NOT_OK(column->AppendNulls(count));
  return Status::OK();
}

Result<JsonFields::Finished> JsonFields::Finish(const arrow::FieldVector& expected) {
  Finished out;
  const auto add = [&](std::shared_ptr<arrow::Field> field, JsonColumn* column) -> Status {
    ARROW_ASSIGN_OR_RAISE(auto array, column->Finish(field->type()));
    out.fields.push_back(field->type() == nullptr ? field->WithType(array->type) : field);
    if (!out.fields.back()->type()->Equals(*array->type)) {  // fields that were not expected
      out.fields.back() = out.fields.back()->WithType(array->type);
    }
    out.arrays.push_back(std::move(array));
    return Status::OK();
  };
  std::vector<bool> done(names_.size());
  for (const auto& field : expected) {
    const auto found = numbers_.find(field->name());
    if (found == numbers_.end()) {
      JsonColumn nulls(extent_, pool_);
      ARROW_RETURN_NOT_OK(nulls.AppendNulls(num_rows_));
      ARROW_RETURN_NOT_OK(add(field, &nulls));
      continue;
    }
    const size_t at = found->second;
    done[at] = true;
    ARROW_RETURN_NOT_OK(add(field, columns_[at].get()));
  }
  for (size_t i = 0; i < names_.size(); ++i) {
    if (!done[i]) ARROW_RETURN_NOT_OK(add(arrow::field(names_[i], nullptr), columns_[i].get()));
  }
  return out;
}

}  // namespace headrace::datasource
