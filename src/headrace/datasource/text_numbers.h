// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/util/value_parsing.h>

#include <bit>
#include <cstdint>
#include <cstring>

namespace headrace::datasource {

// Numbers as Arrow's readers understand them: the usual spellings are read here, eight digits at a
// time, all others by Arrow. kNumberPadding bytes behind the text must be readable.
inline constexpr int64_t kNumberPadding = 8;

/// At most eight decimal digits; false when something else is among them.
[[gnu::always_inline]] inline bool ParseDigits(const char* text, uint32_t size, uint64_t* out) {
  static_assert(std::endian::native == std::endian::little);
  if (size == 0) return false;
  uint64_t digits;
  std::memcpy(&digits, text, sizeof(digits));
  // The last digit moves to the highest byte; zeros stand in front of the first.
  const uint32_t unused_bits = 64 - 8 * size;
  digits = (digits << unused_bits) - (uint64_t{0x3030303030303030} << unused_bits);
  if (((digits | (digits + 0x7676767676767676)) & 0x8080808080808080) != 0) return false;
  digits = (digits * 10 + (digits >> 8)) & 0x00FF00FF00FF00FF;    // pairs
  digits = (digits * 100 + (digits >> 16)) & 0x0000FFFF0000FFFF;  // fours
  *out = (digits * 10000 + (digits >> 32)) & 0x00000000FFFFFFFF;
  return true;
}

[[gnu::always_inline]] inline bool ParseInt64(const char* text, uint32_t size, int64_t* out) {
  const bool negative = size > 0 && *text == '-';
  const char* begin = text + negative;
  const uint32_t num_digits = size - negative;
  uint64_t high = 0;
  uint64_t low = 0;
  bool known;
  if (num_digits <= 8) {
    known = ParseDigits(begin, num_digits, &low);
  } else {
    known = num_digits <= 16 && ParseDigits(begin, num_digits - 8, &high) &&
            ParseDigits(begin + num_digits - 8, 8, &low);
  }
  if (!known) {
    return arrow::internal::ParseValue<arrow::Int64Type>(text, size, out);
  }
  const auto value = static_cast<int64_t>(high * 100'000'000 + low);
  *out = negative ? -value : value;
  return true;
}

[[gnu::always_inline]] inline bool ParseDouble(const char* text, uint32_t size, double* out) {
  static constexpr uint64_t kPowers[] = {1,       10,        100,        1'000,      10'000,
                                         100'000, 1'000'000, 10'000'000, 100'000'000};
  const bool negative = size > 0 && *text == '-';
  const char* begin = text + negative;
  const uint32_t length = size - negative;
  uint64_t bytes;
  std::memcpy(&bytes, begin, sizeof(bytes));
  bytes ^= 0x2E2E2E2E2E2E2E2E;  // points become zero bytes
  const uint64_t points = (bytes - 0x0101010101010101) & ~bytes & 0x8080808080808080;
  const auto point = static_cast<uint32_t>(std::countr_zero(points)) / 8;  // 8: none
  uint64_t whole = 0;
  uint64_t fraction = 0;
  // Up to 15 digits and a power of ten are exact doubles: their quotient is the nearest double.
  if (points != 0 && point < length && length - point - 1 <= 8 && point <= 7 &&
      ParseDigits(begin, point, &whole) &&
      ParseDigits(begin + point + 1, length - point - 1, &fraction)) {
    const uint64_t power = kPowers[length - point - 1];
    const double value = static_cast<double>(whole * power + fraction) / static_cast<double>(power);
    *out = negative ? -value : value;
    return true;
  }
  if (length <= 8 && ParseDigits(begin, length, &whole)) {
    const auto value = static_cast<double>(whole);
    *out = negative ? -value : value;
    return true;
  }
  return arrow::internal::StringToFloat(text, size, '.', out);
}

}  // namespace headrace::datasource
