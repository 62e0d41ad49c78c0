// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/string_codes.h"

#include <arrow/builder.h>

#include <bit>
#include <cstring>

namespace headrace::datasource {
namespace {

constexpr size_t kFirstSlots = 64;
constexpr uint32_t kWord = sizeof(uint64_t);

uint64_t Word(const char* data) {
  uint64_t word = 0;
  std::memcpy(&word, data, kWord);
  return word;
}

/// The first `size` < 8 bytes at `data`, in a word whose other bytes are zero. Reads all eight when
/// they are `readable`.
uint64_t ShortWord(const char* data, uint32_t size, bool readable) {
  if (!readable) {
    uint64_t word = 0;
    if (size > 0) std::memcpy(&word, data, size);
    return word;
  }
  static_assert(std::endian::native == std::endian::little);
  return Word(data) & ((uint64_t{1} << (8 * size)) - 1);
}

}  // namespace

StringCodes::StringCodes() : slots_(kFirstSlots) {}

size_t StringCodes::Hash(const Key& key) {
  const uint64_t mixed = (key.first ^ std::rotl(key.last, 29) ^ key.size) * 0x9E3779B97F4A7C15ULL;
  return static_cast<size_t>(mixed >> 32);
}

StringCodes::Slot* StringCodes::Find(const Key& key, const char* data) {
  const size_t mask = slots_.size() - 1;
  for (size_t at = Hash(key) & mask;; at = (at + 1) & mask) {
    Slot* const slot = &slots_[at];
    if (slot->code < 0) return slot;
    if (!(slot->key == key)) continue;
    if (key.size <= 2 * kWord ||
        std::memcmp(values_[slot->code].data() + kWord, data + kWord, key.size - 2 * kWord) == 0) {
      return slot;
    }
  }
}

int32_t StringCodes::Add(const Key& key, std::string_view value) {
  if (size() == kMaxValues) return -1;
  values_.emplace_back(value);
  if (2 * values_.size() > slots_.size()) {
    std::vector<Slot> before(2 * slots_.size());
    before.swap(slots_);
    for (const Slot& slot : before) {
      if (slot.code >= 0) *Find(slot.key, values_[slot.code].data()) = slot;
    }
  }
  const int32_t code = size() - 1;
  *Find(key, value.data()) = {key, code};
  return code;
}

bool StringCodes::Encode(const arrow::BinaryArray& strings, int32_t* out) {
  const int64_t rows = strings.length();
  if (strings.null_count() == rows) {
    std::fill_n(out, rows, 0);
    return true;
  }
  const auto& bytes = strings.value_data();
  const char* const data = reinterpret_cast<const char*>(bytes->data());
  const int32_t* const offsets = strings.raw_value_offsets();
  const int64_t readable_until = bytes->size() - kWord;
  const bool has_nulls = strings.null_count() > 0;
  for (int64_t row = 0; row < rows; ++row) {
    if (has_nulls && strings.IsNull(row)) {
      out[row] = 0;
      continue;
    }
    const char* const value = data + offsets[row];
    Key key;
    key.size = static_cast<uint32_t>(offsets[row + 1] - offsets[row]);
    if (key.size < kWord) {
      key.first = ShortWord(value, key.size, offsets[row] <= readable_until);
    } else {
      key.first = Word(value);
      key.last = Word(value + key.size - kWord);
    }
    out[row] = Find(key, value)->code;
    if (out[row] >= 0) continue;
    out[row] = Add(key, {value, key.size});
    if (out[row] < 0) return false;
  }
  return true;
}

Result<std::shared_ptr<arrow::Array>> StringCodes::Values(
    const std::shared_ptr<arrow::DataType>& type, arrow::MemoryPool* pool) const {
  arrow::BinaryBuilder builder(pool);
  for (const std::string& value : values_) ARROW_RETURN_NOT_OK(builder.Append(value));
  ARROW_ASSIGN_OR_RAISE(const auto binary, builder.Finish());
  return binary->View(type);
}

}  // namespace headrace::datasource
