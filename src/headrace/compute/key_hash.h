// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace headrace::compute {

/// Hashes of the parts of a key. Made here for one process family: no file and no other program
/// depends on the values, so they may change with any version.
inline constexpr uint64_t kNullHash = 0x7c15d3a94be620f1;

/// Every bit of the result depends on every bit of `x`, one to one.
inline uint64_t HashWord(uint64_t x) {
  x += 0x51a3c8e7b94d2f6b;  // so that 0 is not its own hash
  x ^= x >> 32;
  x *= 0xe9b5cd1347f2a86d;
  x ^= x >> 29;
  x *= 0xb3c61f9ad528e74b;
  x ^= x >> 32;
  return x;
}

/// Of a key of several parts, from the left; HashCombine(a, b) != HashCombine(b, a).
inline uint64_t HashCombine(uint64_t left, uint64_t right) {
  return HashWord((left << 23 | left >> 41) + right);
}

inline uint64_t HashBytes(std::string_view bytes) {
  const auto load = [](const char* from) {
    uint64_t word;
    std::memcpy(&word, from, sizeof(word));
    return word;
  };
  const auto fold = [](uint64_t a, uint64_t b) {
    const auto product = static_cast<unsigned __int128>(a) * b;
    return static_cast<uint64_t>(product) ^ static_cast<uint64_t>(product >> 64);
  };
  const char* at = bytes.data();
  size_t rest = bytes.size();
  uint64_t hash = 0x3d9e6b17f04a85c3 ^ rest;
  for (; rest > 16; rest -= 16, at += 16) {
    hash = fold(load(at) ^ 0xa5b7190e6c4df283, load(at + 8) ^ hash);
  }
  // The last one to sixteen bytes as two words, which overlap below sixteen.
  uint64_t first = 0;
  uint64_t last = 0;
  if (rest >= 8) {
    first = load(at);
    last = load(at + rest - 8);
  } else if (rest > 0) {
    char padded[8] = {};
    std::memcpy(padded, at, rest);
    first = load(padded);
  }
  return HashWord(fold(first ^ 0xa5b7190e6c4df283, last ^ hash));
}

}  // namespace headrace::compute
