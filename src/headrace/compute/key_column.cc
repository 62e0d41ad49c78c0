// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/key_column.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_dict.h>
#include <arrow/array/array_primitive.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>

#include <algorithm>
#include <bit>
#include <cstring>
#include <string_view>
#include <vector>

#include "headrace/block/compute_functions.h"
#include "headrace/block/tensor.h"
#include "headrace/compute/fixed_key_column.h"

namespace headrace::compute {
namespace {

using arrow::Type;

Status NoOrder(const SortColumn& key, const arrow::DataType& type) {
  return Status::TypeError("Cannot sort by column '", key.name, "' of type ", type.ToString(),
                           ": its values have no order");
}

void TurnOver(uint8_t* begin, const uint8_t* end) {
  for (; begin != end; ++begin) *begin = static_cast<uint8_t>(~*begin);
}

/// Decimals of 128 and 256 bits, highest byte first and the sign turned over.
class WideKeyColumn final : public KeyColumn {
 public:
  WideKeyColumn(arrow::ArrayVector chunks, bool descending)
      : chunks_(std::move(chunks)), descending_(descending) {}

  void AddLengths(std::span<int64_t> lengths) const override {
    ForEach([&](int64_t row, const uint8_t* value, int64_t width) {
      lengths[row] += value == nullptr ? 1 : 1 + width;
    });
  }
  void Write(uint8_t* out, std::span<int64_t> places) const override {
    ForEach([&](int64_t row, const uint8_t* value, int64_t width) {
      uint8_t* to = out + places[row];
      if (value == nullptr) {
        *to = kLeadNull;
        ++places[row];
        return;
      }
      *to++ = kLeadValue;
      static_assert(std::endian::native == std::endian::little);
      std::reverse_copy(value, value + width, to);
      *to ^= 0x80;
      if (descending_) TurnOver(to, to + width);
      places[row] += 1 + width;
    });
  }

 private:
  /// Calls with row, its value or nullptr for null, and the width of values.
  template <typename Visit>
  void ForEach(Visit visit) const {
    int64_t row = 0;
    for (const auto& chunk : chunks_) {
      const arrow::ArrayData& data = *chunk->data();
      if (data.type->id() == Type::NA) {
        for (int64_t i = 0; i < data.length; ++i) visit(row++, nullptr, 0);
        continue;
      }
      const int64_t width = data.type->byte_width();
      for (int64_t i = 0; i < data.length; ++i) {
        visit(row++, data.IsNull(i) ? nullptr : data.buffers[1]->data() + (data.offset + i) * width,
              width);
      }
    }
  }
  const arrow::ArrayVector chunks_;
  const bool descending_;
};

/// Strings of bytes. Two zeros end a value, a zero within it is followed by 255: so that the end is
/// smaller than anything that goes on, and another column can follow.
class BinaryKeyColumn final : public KeyColumn {
 public:
  BinaryKeyColumn(arrow::ArrayVector chunks, bool descending)
      : chunks_(std::move(chunks)), descending_(descending) {
    for (const auto& chunk : chunks_) has_zeros_.push_back(MayHaveZeros(*chunk));
  }

  void AddLengths(std::span<int64_t> lengths) const override {
    ForEach([&](int64_t row, bool valid, std::string_view value, bool has_zeros) {
      const int64_t zeros = has_zeros ? std::count(value.begin(), value.end(), '\0') : 0;
      lengths[row] += valid ? static_cast<int64_t>(value.size()) + zeros + 3 : 1;
    });
  }
  void Write(uint8_t* out, std::span<int64_t> places) const override {
    ForEach([&](int64_t row, bool valid, std::string_view value, bool has_zeros) {
      uint8_t* const begin = out + places[row];
      uint8_t* to = begin;
      *to++ = valid ? kLeadValue : kLeadNull;
      if (valid) {
        to = has_zeros ? Escape(value, to) : std::copy(value.begin(), value.end(), to);
        *to++ = 0;
        *to++ = 0;
        if (descending_) TurnOver(begin + 1, to);
      }
      places[row] += to - begin;
    });
  }

 private:
  /// Hardly any text has zeros: known of all values at once, it need not be asked of each.
  static bool MayHaveZeros(const arrow::Array& chunk) {
    const auto has_zeros = [&](const auto& array) {
      return array.total_values_length() > 0 &&
             std::memchr(array.raw_data() + array.value_offset(0), 0,
                         static_cast<size_t>(array.total_values_length())) != nullptr;
    };
    if (arrow::is_binary_like(chunk.type_id())) {
      return has_zeros(static_cast<const arrow::BinaryArray&>(chunk));
    }
    if (arrow::is_large_binary_like(chunk.type_id())) {
      return has_zeros(static_cast<const arrow::LargeBinaryArray&>(chunk));
    }
    return true;
  }
  static uint8_t* Escape(std::string_view value, uint8_t* to) {
    for (const char letter : value) {
      *to++ = static_cast<uint8_t>(letter);
      if (letter == 0) *to++ = 0xFF;
    }
    return to;
  }
  template <typename ArrayType, typename Visit>
  static void Chunk(const arrow::Array& chunk, bool has_zeros, int64_t* row, Visit& visit) {
    const auto& typed = static_cast<const ArrayType&>(chunk);
    for (int64_t i = 0; i < typed.length(); ++i) {
      const bool valid = typed.IsValid(i);
      visit((*row)++, valid, valid ? typed.GetView(i) : std::string_view(), has_zeros);
    }
  }
  /// Calls with row, whether it is not null, its value, and whether that may have zeros.
  template <typename Visit>
  void ForEach(Visit visit) const {
    int64_t row = 0;
    for (size_t i = 0; i < chunks_.size(); ++i) {
      const arrow::Array& chunk = *chunks_[i];
      switch (chunk.type_id()) {
        case Type::STRING:
        case Type::BINARY:
          Chunk<arrow::BinaryArray>(chunk, has_zeros_[i], &row, visit);
          break;
        case Type::LARGE_STRING:
        case Type::LARGE_BINARY:
          Chunk<arrow::LargeBinaryArray>(chunk, has_zeros_[i], &row, visit);
          break;
        case Type::STRING_VIEW:
        case Type::BINARY_VIEW:
          Chunk<arrow::BinaryViewArray>(chunk, true, &row, visit);
          break;
        case Type::FIXED_SIZE_BINARY:
          Chunk<arrow::FixedSizeBinaryArray>(chunk, true, &row, visit);
          break;
        default:  // null
          for (int64_t n = 0; n < chunk.length(); ++n) visit(row++, false, "", false);
      }
    }
  }
  const arrow::ArrayVector chunks_;
  const bool descending_;
  std::vector<bool> has_zeros_;  // per chunk
};

bool IsBytes(Type::type id) {
  return arrow::is_base_binary_like(id) || arrow::is_binary_view_like(id) ||
         id == Type::FIXED_SIZE_BINARY;
}

/// Rows for which it does not pay to look at a whole dictionary.
constexpr int64_t kFewRows = 64;

bool IsWide(Type::type id) { return id == Type::DECIMAL128 || id == Type::DECIMAL256; }

/// The values behind an extension and a dictionary.
Result<std::shared_ptr<arrow::Array>> PlainValues(std::shared_ptr<arrow::Array> chunk,
                                                  const SortColumn& key, arrow::MemoryPool* pool) {
  if (chunk->type_id() == Type::EXTENSION) {
    if (IsObject(*chunk->type())) return NoOrder(key, *chunk->type());
    return PlainValues(static_cast<const arrow::ExtensionArray&>(*chunk).storage(), key, pool);
  }
  if (chunk->type_id() != Type::DICTIONARY) return chunk;
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  arrow::compute::ExecContext context(pool);
  const auto& encoded = static_cast<const arrow::DictionaryArray&>(*chunk);
  std::shared_ptr<arrow::Array> values = encoded.dictionary();
  if (arrow::is_binary_like(values->type_id()) && chunk->length() > kFewRows) {
    // A few long values of many rows may come to more than 32 bits can count.
    ARROW_ASSIGN_OR_RAISE(values,
                          arrow::compute::Cast(*values, arrow::large_binary(),
                                               arrow::compute::CastOptions::Safe(), &context));
  }
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum taken,
      arrow::compute::Take(values, encoded.indices(), arrow::compute::TakeOptions::NoBoundsCheck(),
                           &context));
  return PlainValues(taken.make_array(), key, pool);
}

}  // namespace

Result<std::unique_ptr<KeyColumn>> MakeKeyColumn(const arrow::ArrayVector& declared,
                                                 const SortColumn& key, arrow::MemoryPool* pool) {
  arrow::ArrayVector chunks;
  const arrow::Array* typed = nullptr;  // the first that is more than nulls
  const arrow::DataType* type = nullptr;
  for (const auto& chunk : declared) {
    ARROW_ASSIGN_OR_RAISE(auto values, PlainValues(chunk, key, pool));
    chunks.push_back(std::move(values));
    if (typed != nullptr || chunks.back()->type_id() == Type::NA) continue;
    typed = chunks.back().get();
    type = chunk->type().get();
  }
  const auto all = [&](auto is) {
    return std::all_of(chunks.begin(), chunks.end(), [&](const auto& chunk) {
      return chunk->type_id() == Type::NA || is(chunk->type_id());
    });
  };
  if (typed != nullptr && IsBytes(typed->type_id()) && all(IsBytes)) {
    return std::make_unique<BinaryKeyColumn>(std::move(chunks), key.descending);
  }
  if (typed != nullptr && IsWide(typed->type_id()) && all(IsWide)) {
    return std::make_unique<WideKeyColumn>(std::move(chunks), key.descending);
  }
  ARROW_ASSIGN_OR_RAISE(auto column, FixedKeyColumn::Make(chunks, key, pool));
  if (column == nullptr) return NoOrder(key, *type);
  return column;
}

}  // namespace headrace::compute
