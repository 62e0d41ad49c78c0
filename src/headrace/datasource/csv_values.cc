// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/csv_values.h"

#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/utf8.h>
#include <arrow/util/value_parsing.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "headrace/datasource/text_numbers.h"

namespace headrace::datasource {
namespace {

static_assert(kCsvPadding >= kNumberPadding);

using arrow::TimeUnit;
using arrow::Type;

constexpr int64_t kCopyStep = 16;  // short strings are copied in steps of constant size
static_assert(kCsvPadding >= kCopyStep);

std::string_view Trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
  while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
  return text;
}

/// The rows of one column.
class Column {
 public:
  Column(const CsvFields& fields, int column)
      : field_(fields.fields() + column),
        bytes_(fields.bytes()),
        stride_(fields.num_columns()),
        num_rows_(fields.num_rows()),
        is_ascii_(fields.is_ascii()) {}

  int64_t num_rows() const { return num_rows_; }
  bool is_ascii() const { return is_ascii_; }
  std::string_view operator[](int64_t row) const {
    const CsvField& field = field_[row * stride_];
    return {bytes_ + field.begin, field.size};
  }

 private:
  const CsvField* const field_;
  const char* const bytes_;
  const int64_t stride_;
  const int64_t num_rows_;
  const bool is_ascii_;
};

struct IntParser {
  using Value = int64_t;
  bool operator()(std::string_view text, int64_t* out) const {
    return ParseInt64(text.data(), static_cast<uint32_t>(text.size()), out) || Trim(text, out);
  }

 private:
  static bool Trim(std::string_view text, int64_t* out) {
    const std::string_view trimmed = Trimmed(text);
    return trimmed.size() != text.size() &&
           ParseInt64(trimmed.data(), static_cast<uint32_t>(trimmed.size()), out);
  }
};

struct DoubleParser {
  using Value = double;
  bool operator()(std::string_view text, double* out) const {
    const std::string_view trimmed = Trimmed(text);
    return ParseDouble(trimmed.data(), static_cast<uint32_t>(trimmed.size()), out);
  }
};

/// Dates and times of a day.
template <typename ArrowType>
struct DayParser {
  using Value = typename ArrowType::c_type;
  explicit DayParser(const arrow::DataType& data_type)
      : type(static_cast<const ArrowType&>(data_type)) {}
  bool operator()(std::string_view text, Value* out) const {
    const std::string_view trimmed = Trimmed(text);
    return arrow::internal::ParseValue(type, trimmed.data(), trimmed.size(), out);
  }
  const ArrowType& type;
};

struct TimestampParser {
  using Value = int64_t;
  explicit TimestampParser(const arrow::DataType& type)
      : unit(static_cast<const arrow::TimestampType&>(type).unit()),
        has_zone(!static_cast<const arrow::TimestampType&>(type).timezone().empty()) {}
  bool operator()(std::string_view text, int64_t* out) const {
    bool zone_present = false;
    return arrow::internal::ParseTimestampISO8601(text.data(), text.size(), unit, out,
                                                  &zone_present) &&
           zone_present == has_zone;
  }
  const TimeUnit::type unit;
  const bool has_zone;
};

/// The validity of rows that come one after the other; most columns have no null and no bitmap.
class Validity {
 public:
  Validity(int64_t num_rows, arrow::MemoryPool* pool) : num_rows_(num_rows), pool_(pool) {}

  Status SetNull(int64_t row) {
    if (bits_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(bits_, arrow::AllocateBitmap(num_rows_, pool_));
      std::memset(bits_->mutable_data(), 0xFF, static_cast<size_t>(bits_->size()));
    }
    arrow::bit_util::ClearBit(bits_->mutable_data(), row);
    ++num_nulls_;
    return Status::OK();
  }
  const std::shared_ptr<arrow::Buffer>& bits() const { return bits_; }
  int64_t num_nulls() const { return num_nulls_; }

 private:
  const int64_t num_rows_;
  arrow::MemoryPool* const pool_;
  std::shared_ptr<arrow::Buffer> bits_;
  int64_t num_nulls_ = 0;
};

/// A column, or the row whose value is none of its type.
struct Converted {
  std::shared_ptr<arrow::ArrayData> data;
  int64_t failed_row = 0;
};

class Converter {
 public:
  Converter(const Column& column, const CsvMeaning& meaning, arrow::MemoryPool* pool)
      : column_(column), meaning_(meaning), pool_(pool) {}

  Result<Converted> Run(const std::shared_ptr<arrow::DataType>& type) const {
    switch (type->id()) {
      case Type::NA:
        return Nulls();
      case Type::BOOL:
        return Bools();
      case Type::INT64:
        return Fixed(type, IntParser());
      case Type::DOUBLE:
        return Fixed(type, DoubleParser());
      case Type::DATE32:
        return Fixed(type, DayParser<arrow::Date32Type>(*type));
      case Type::TIME32:
        return Fixed(type, DayParser<arrow::Time32Type>(*type));
      case Type::TIMESTAMP:
        return Fixed(type, TimestampParser(*type));
      case Type::STRING:
        return Strings(type, !column_.is_ascii());
      case Type::BINARY:
        return Strings(type, false);
      default:
        return Status::NotImplemented("CSV column of type ", type->ToString());
    }
  }

  /// Whether the value of `row` has this type; cheap, and enough to rule most types out.
  bool Fits(int64_t row, const arrow::DataType& type) const {
    const std::string_view text = column_[row];
    const auto fits = [&](const auto& parser) {
      typename std::decay_t<decltype(parser)>::Value value;
      return parser(text, &value);
    };
    switch (type.id()) {
      case Type::BOOL:
        return meaning_.falses.Contains(text) || meaning_.trues.Contains(text);
      case Type::INT64:
        return fits(IntParser());
      case Type::DOUBLE:
        return fits(DoubleParser());
      case Type::DATE32:
        return fits(DayParser<arrow::Date32Type>(type));
      case Type::TIME32:
        return fits(DayParser<arrow::Time32Type>(type));
      case Type::TIMESTAMP:
        return fits(TimestampParser(type));
      default:
        return true;
    }
  }

 private:
  Converted Nulls() const {
    for (int64_t row = 0; row < column_.num_rows(); ++row) {
      if (!meaning_.nulls.Contains(column_[row])) return {nullptr, row};
    }
    return {
        arrow::ArrayData::Make(arrow::null(), column_.num_rows(), {nullptr}, column_.num_rows())};
  }

  template <typename Parser>
  Result<Converted> Fixed(const std::shared_ptr<arrow::DataType>& type,
                          const Parser& parser) const {
    using Value = typename Parser::Value;
    const int64_t num_rows = column_.num_rows();
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> values,
        arrow::AllocateBuffer(num_rows * static_cast<int64_t>(sizeof(Value)), pool_));
    auto* const out = reinterpret_cast<Value*>(values->mutable_data());
    Validity validity(num_rows, pool_);
    for (int64_t row = 0; row < num_rows; ++row) {
      const std::string_view text = column_[row];
      if (meaning_.nulls.Contains(text)) [[unlikely]] {
        out[row] = Value{};
        ARROW_RETURN_NOT_OK(validity.SetNull(row));
      } else if (!parser(text, &out[row])) {
        return Converted{nullptr, row};
      }
    }
    return Make(type, validity, {std::move(values)});
  }

  Result<Converted> Bools() const {
    const int64_t num_rows = column_.num_rows();
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateEmptyBitmap(num_rows, pool_));
    Validity validity(num_rows, pool_);
    for (int64_t row = 0; row < num_rows; ++row) {
      const std::string_view text = column_[row];
      if (meaning_.nulls.Contains(text)) {
        ARROW_RETURN_NOT_OK(validity.SetNull(row));
      } else if (meaning_.falses.Contains(text)) {
        continue;
      } else if (meaning_.trues.Contains(text)) {
        arrow::bit_util::SetBit(values->mutable_data(), row);
      } else {
        return Converted{nullptr, row};
      }
    }
    return Make(arrow::boolean(), validity, {std::move(values)});
  }

  Result<Converted> Strings(const std::shared_ptr<arrow::DataType>& type, bool check_utf8) const {
    const int64_t num_rows = column_.num_rows();
    ARROW_ASSIGN_OR_RAISE(
        std::shared_ptr<arrow::Buffer> offsets,
        arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(int32_t)), pool_));
    auto* const offset = reinterpret_cast<int32_t*>(offsets->mutable_data());
    Validity validity(num_rows, pool_);
    int64_t size = 0;  // at most that of the text, which is counted in 32 bits
    for (int64_t row = 0; row < num_rows; ++row) {
      const std::string_view text = column_[row];
      offset[row] = static_cast<int32_t>(size);
      if (meaning_.strings_can_be_null && meaning_.nulls.Contains(text)) {
        ARROW_RETURN_NOT_OK(validity.SetNull(row));
        continue;
      }
      if (check_utf8 && !arrow::util::ValidateUTF8(text)) return Converted{nullptr, row};
      size += static_cast<int64_t>(text.size());
    }
    offset[num_rows] = static_cast<int32_t>(size);
    ARROW_ASSIGN_OR_RAISE(auto data, arrow::AllocateResizableBuffer(size + kCopyStep, pool_));
    uint8_t* out = data->mutable_data();
    for (int64_t row = 0; row < num_rows; ++row) {
      const int64_t length = offset[row + 1] - offset[row];
      const char* const text = column_[row].data();
      if (length <= kCopyStep) {
        std::memcpy(out, text, kCopyStep);
      } else {
        std::memcpy(out, text, static_cast<size_t>(length));
      }
      out += length;
    }
    ARROW_RETURN_NOT_OK(data->Resize(size, /*shrink_to_fit=*/false));
    return Make(type, validity, {std::move(offsets), std::move(data)});
  }

  Converted Make(const std::shared_ptr<arrow::DataType>& type, const Validity& validity,
                 std::vector<std::shared_ptr<arrow::Buffer>> buffers) const {
    buffers.insert(buffers.begin(), validity.bits());
    return {
        arrow::ArrayData::Make(type, column_.num_rows(), std::move(buffers), validity.num_nulls())};
  }

  const Column& column_;
  const CsvMeaning& meaning_;
  arrow::MemoryPool* const pool_;
};

/// Types in the order in which they are tried.
const std::vector<std::shared_ptr<arrow::DataType>>& InferredTypes() {
  static const auto* const kTypes =
      new std::vector<std::shared_ptr<arrow::DataType>>{arrow::int64(),
                                                        arrow::boolean(),
                                                        arrow::date32(),
                                                        arrow::time32(TimeUnit::SECOND),
                                                        arrow::timestamp(TimeUnit::SECOND),
                                                        arrow::timestamp(TimeUnit::NANO),
                                                        arrow::timestamp(TimeUnit::SECOND, "UTC"),
                                                        arrow::timestamp(TimeUnit::NANO, "UTC"),
                                                        arrow::float64(),
                                                        arrow::utf8(),
                                                        arrow::binary()};
  return *kTypes;
}

}  // namespace

Spellings::Spellings(std::vector<std::string> words) : words_(std::move(words)) {
  for (const std::string& word : words_) {
    if (word.empty()) {
      has_empty_ = true;
    } else {
      starts_[static_cast<uint8_t>(word[0])] = true;
    }
  }
}

bool Spellings::Search(std::string_view text) const {
  return std::ranges::any_of(words_, [&](const std::string& word) { return word == text; });
}

bool CsvColumns::Supports(const arrow::DataType& type) {
  switch (type.id()) {
    case Type::NA:
    case Type::BOOL:
    case Type::INT64:
    case Type::DOUBLE:
    case Type::DATE32:
    case Type::TIME32:
    case Type::TIMESTAMP:
    case Type::STRING:
    case Type::BINARY:
      return true;
    default:
      return false;
  }
}

Result<std::shared_ptr<arrow::ArrayData>> CsvColumns::Infer(const CsvFields& fields, int column,
                                                            arrow::MemoryPool* pool) const {
  const Column values(fields, column);
  const Converter converter(values, meaning_, pool);
  ARROW_ASSIGN_OR_RAISE(Converted converted, converter.Run(arrow::null()));
  const int64_t first = converted.failed_row;  // that is no null, if there is one
  for (const auto& type : InferredTypes()) {
    if (converted.data != nullptr) break;
    if (!converter.Fits(first, *type)) continue;
    ARROW_ASSIGN_OR_RAISE(converted, converter.Run(type));
  }
  return converted.data;
}

Result<std::shared_ptr<arrow::ArrayData>> CsvColumns::Convert(
    const CsvFields& fields, int column, const std::shared_ptr<arrow::DataType>& type,
    int64_t first_row, arrow::MemoryPool* pool) const {
  const Column values(fields, column);
  ARROW_ASSIGN_OR_RAISE(Converted converted, Converter(values, meaning_, pool).Run(type));
  if (converted.data != nullptr) return std::move(converted.data);
  const int64_t row = first_row + converted.failed_row;
  if (type->id() == Type::STRING) {
    return Status::Invalid("CSV conversion error to string: invalid UTF8 data in row ", row);
  }
  return Status::Invalid("CSV conversion error to ", type->ToString(), ": invalid value '",
                         values[converted.failed_row], "' in row ", row);
}

}  // namespace headrace::datasource
