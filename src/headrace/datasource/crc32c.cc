// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/crc32c.h"

#include <array>
#include <cstddef>
#include <cstring>

#if defined(__x86_64__)
#include <nmmintrin.h>
#endif

namespace headrace::datasource {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;  // reflected
constexpr size_t kStep = 8;                   // bytes per round

// Entry [i][b]: what byte b becomes when i more bytes follow it.
constexpr auto kTables = [] {
  std::array<std::array<uint32_t, 256>, kStep> tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) * kPolynomial);
    tables[0][byte] = crc;
  }
  for (size_t i = 1; i < kStep; ++i) {
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[i - 1][byte];
      tables[i][byte] = (before >> 8) ^ tables[0][before & 0xFF];
    }
  }
  return tables;
}();

uint64_t LoadWord(const char* from) {
  uint64_t word = 0;
  std::memcpy(&word, from, sizeof(word));
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cSse42(std::string_view bytes) {
  uint64_t crc = 0xFFFFFFFF;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    crc = _mm_crc32_u64(crc, LoadWord(bytes.data()));
  }
  auto rest = static_cast<uint32_t>(crc);
  for (const char byte : bytes) rest = _mm_crc32_u8(rest, static_cast<uint8_t>(byte));
  return ~rest;
}
#endif

}  // namespace

uint32_t Crc32cPortable(std::string_view bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (; bytes.size() >= kStep; bytes.remove_prefix(kStep)) {
    const uint64_t word = LoadWord(bytes.data()) ^ crc;
    crc = 0;
    for (size_t i = 0; i < kStep; ++i) crc ^= kTables[kStep - 1 - i][(word >> (8 * i)) & 0xFF];
  }
  for (const char byte : bytes) {
    crc = (crc >> 8) ^ kTables[0][(crc ^ static_cast<uint8_t>(byte)) & 0xFF];
  }
  return ~crc;
}

uint32_t Crc32c(std::string_view bytes) {
#if defined(__x86_64__)
  static const bool has_instruction = __builtin_cpu_supports("sse4.2");
  if (has_instruction) return Crc32cSse42(bytes);
#endif
  return Crc32cPortable(bytes);
}

}  // namespace headrace::datasource
