// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/fixed_key_column.h"

#include <arrow/type.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/float16.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>

namespace headrace::compute {
namespace {

using Form = FixedKeyColumn::Form;
using arrow::Type;

constexpr uint64_t kSignBit = uint64_t{1} << 63;

/// A type's form, or kNone with `known` false.
Form FormOf(Type::type id, bool* known) {
  *known = true;
  switch (id) {
    case Type::NA:
      return Form::kNone;
    case Type::BOOL:
      return Form::kBool;
    case Type::UINT64:
      return Form::kUnsigned;
    case Type::HALF_FLOAT:
    case Type::FLOAT:
    case Type::DOUBLE:
      return Form::kFloat;
    case Type::INT8:
    case Type::INT16:
    case Type::INT32:
    case Type::INT64:
    case Type::UINT8:
    case Type::UINT16:
    case Type::UINT32:
    case Type::DATE32:
    case Type::DATE64:
    case Type::TIME32:
    case Type::TIME64:
    case Type::TIMESTAMP:
    case Type::DURATION:
    case Type::DECIMAL32:
    case Type::DECIMAL64:
      return Form::kSigned;
    default:
      *known = false;
      return Form::kNone;
  }
}

uint64_t CodeOf(int64_t value) { return static_cast<uint64_t>(value) ^ kSignBit; }
uint64_t CodeOf(uint64_t value) { return value; }
uint64_t CodeOf(double value) {
  const auto bits = std::bit_cast<uint64_t>(value + 0.0);  // -0.0 becomes 0.0
  return (bits & kSignBit) != 0 ? ~bits : bits | kSignBit;
}

}  // namespace

/// Writes the codes and classes of one chunk after the other.
struct FixedKeyColumn::Encoder {
  FixedKeyColumn& column;
  int64_t at = 0;

  /// `value(i)` is the value of row i of the chunk, `is_value(i)` false for null.
  template <typename Value, typename IsValue>
  void Chunk(int64_t length, Value value, IsValue is_value) {
    const uint64_t flip = column.descending_ ? ~uint64_t{0} : 0;
    uint64_t* codes = column.codes_.data() + at;
    uint64_t min = column.min_;
    uint64_t max = column.max_;
    for (int64_t i = 0; i < length; ++i) {
      if (!is_value(i)) {
        codes[i] = 0;
        continue;
      }
      const uint64_t code = CodeOf(value(i)) ^ flip;
      codes[i] = code;
      min = std::min(min, code);
      max = std::max(max, code);
    }
    column.min_ = min;
    column.max_ = max;
  }

  template <typename Value>
  void Chunk(const arrow::ArrayData& data, Value value) {
    using Number = decltype(value(0));
    constexpr bool kFloats = std::is_same_v<Number, double>;
    KeyClass* classes = column.has_classes_ ? column.classes_.data() + at : nullptr;
    if (classes != nullptr) {
      std::fill_n(classes, data.length, KeyClass::kValue);
      for (int64_t i = 0; i < data.length; ++i) {
        if (data.IsNull(i)) {
          classes[i] = KeyClass::kNull;
        } else if constexpr (kFloats) {
          if (std::isnan(value(i))) classes[i] = KeyClass::kNaN;
        }
      }
      Chunk(data.length, value, [&](int64_t i) { return classes[i] == KeyClass::kValue; });
    } else {
      Chunk(data.length, value, [](int64_t) { return true; });
    }
    at += data.length;
  }

  template <typename T>
  void Numbers(const arrow::ArrayData& data) {
    const T* values = data.GetValues<T>(1);
    if constexpr (std::is_floating_point_v<T>) {
      Chunk(data, [values](int64_t i) { return static_cast<double>(values[i]); });
    } else if constexpr (std::is_same_v<T, uint64_t>) {
      Chunk(data, [values](int64_t i) { return values[i]; });
    } else {
      Chunk(data, [values](int64_t i) { return static_cast<int64_t>(values[i]); });
    }
  }

  void Any(const arrow::ArrayData& data) {
    switch (data.type->id()) {
      case Type::NA:
        std::fill_n(column.codes_.data() + at, data.length, 0);
        std::fill_n(column.classes_.data() + at, data.length, KeyClass::kNull);
        at += data.length;
        return;
      case Type::BOOL: {
        const uint8_t* bits = data.buffers[1]->data();
        return Chunk(data, [bits, offset = data.offset](int64_t i) -> uint64_t {
          return arrow::bit_util::GetBit(bits, offset + i);
        });
      }
      case Type::INT8:
        return Numbers<int8_t>(data);
      case Type::UINT8:
        return Numbers<uint8_t>(data);
      case Type::INT16:
        return Numbers<int16_t>(data);
      case Type::UINT16:
        return Numbers<uint16_t>(data);
      case Type::UINT32:
        return Numbers<uint32_t>(data);
      case Type::UINT64:
        return Numbers<uint64_t>(data);
      case Type::FLOAT:
        return Numbers<float>(data);
      case Type::DOUBLE:
        return Numbers<double>(data);
      case Type::HALF_FLOAT: {
        const auto* values = data.GetValues<uint16_t>(1);
        return Chunk(data, [values](int64_t i) {
          return arrow::util::Float16::FromBits(values[i]).ToDouble();
        });
      }
      case Type::INT32:
      case Type::DATE32:
      case Type::TIME32:
      case Type::DECIMAL32:
        return Numbers<int32_t>(data);
      default:
        return Numbers<int64_t>(data);
    }
  }
};

namespace {

template <typename T>
bool AnyNaN(const arrow::ArrayData& data) {
  const T* values = data.GetValues<T>(1);
  return std::any_of(values, values + data.length, [](T value) { return std::isnan(value); });
}

/// Some row may be null or NaN.
bool MayHaveClasses(const arrow::ArrayData& data) {
  if (data.type->id() == Type::NA) return data.length > 0;
  if (data.GetNullCount() > 0 || data.type->id() == Type::HALF_FLOAT) return true;
  if (data.type->id() == Type::FLOAT) return AnyNaN<float>(data);
  return data.type->id() == Type::DOUBLE && AnyNaN<double>(data);
}

}  // namespace

Result<std::unique_ptr<FixedKeyColumn>> FixedKeyColumn::Make(const arrow::ArrayVector& chunks,
                                                             const SortColumn& key,
                                                             arrow::MemoryPool* pool) {
  auto column = std::make_unique<FixedKeyColumn>();
  column->descending_ = key.descending;
  int64_t num_rows = 0;
  for (const auto& chunk : chunks) {
    bool known = false;
    const Form form = FormOf(chunk->type_id(), &known);
    if (!known) return nullptr;
    if (form != Form::kNone) column->form_ = form;
    column->has_classes_ |= MayHaveClasses(*chunk->data());
    num_rows += chunk->length();
  }
  ARROW_ASSIGN_OR_RAISE(column->codes_, PoolArray<uint64_t>::Make(num_rows, pool));
  if (column->has_classes_) {
    ARROW_ASSIGN_OR_RAISE(column->classes_, PoolArray<KeyClass>::Make(num_rows, pool));
  }
  Encoder encoder{*column};
  for (const auto& chunk : chunks) {
    if (chunk->length() > 0) encoder.Any(*chunk->data());
  }
  // No values: an empty range.
  if (column->min_ > column->max_) column->min_ = column->max_;
  return column;
}

int FixedKeyColumn::part_bits() const {
  if (!has_classes_) return std::bit_width(range());
  constexpr auto kLast = static_cast<uint64_t>(KeyClass::kNull);
  if (range() > std::numeric_limits<uint64_t>::max() - kLast) return -1;
  return std::bit_width(range() + kLast);
}

void FixedKeyColumn::AddParts(int shift, std::span<uint64_t> packed) const {
  for (size_t i = 0; i < packed.size(); ++i) {
    const bool is_value = classes_.empty() || classes_[i] == KeyClass::kValue;
    const uint64_t part =
        is_value ? codes_[i] - min_ : range() + static_cast<uint64_t>(classes_[i]);
    packed[i] |= part << shift;
  }
}

void FixedKeyColumn::DropRows() {
  codes_ = {};
  classes_ = {};
}

int64_t FixedKeyColumn::WriteKey(uint64_t code, KeyClass key_class, uint8_t* to) const {
  if (key_class != KeyClass::kValue) {
    *to = key_class == KeyClass::kNaN ? kLeadNaN : kLeadNull;
    return 1;
  }
  *to = kLeadValue;
  if (form_ == Form::kBool) {
    to[1] = static_cast<uint8_t>(code);
    return 2;
  }
  if (form_ == Form::kUnsigned) {
    const bool huge = ((descending_ ? ~code : code) & kSignBit) != 0;
    if (huge) *to = descending_ ? kLeadHugeDescending : kLeadHuge;
    code ^= kSignBit;  // as a signed one, had it room
  }
  code = __builtin_bswap64(code);
  std::memcpy(to + 1, &code, sizeof(code));
  return kMaxBytes;
}

void FixedKeyColumn::AppendBytes(uint64_t part, std::string* out) const {
  uint8_t key[kMaxBytes];
  const int64_t size = part <= range() ? WriteKey(part + min_, KeyClass::kValue, key)
                                       : WriteKey(0, static_cast<KeyClass>(part - range()), key);
  out->append(reinterpret_cast<const char*>(key), static_cast<size_t>(size));
}

void FixedKeyColumn::AddLengths(std::span<int64_t> lengths) const {
  const int64_t value_bytes = form_ == Form::kBool ? 2 : kMaxBytes;
  for (size_t i = 0; i < lengths.size(); ++i) {
    const bool is_value = classes_.empty() || classes_[i] == KeyClass::kValue;
    lengths[i] += is_value ? value_bytes : 1;
  }
}

void FixedKeyColumn::Write(uint8_t* out, std::span<int64_t> places) const {
  for (size_t i = 0; i < places.size(); ++i) {
    const KeyClass key_class = classes_.empty() ? KeyClass::kValue : classes_[i];
    places[i] += WriteKey(codes_[i], key_class, out + places[i]);
  }
}

}  // namespace headrace::compute
