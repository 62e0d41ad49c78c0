// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace headrace::compute {

/// Places of rows in a random order: row `row` of a dataset goes where its key is among the keys of
/// all rows. For one seed no two rows have the same key, and every bit of seed and row changes each
/// bit of the key about every second time.
inline uint64_t ShuffleKey(uint64_t seed, int64_t row) {
  // Steps and constants of splitmix64: Steele, Lea, Flood, "Fast splittable pseudorandom number
  // generators" (OOPSLA 2014), in the variant 13 of D. Stafford, "Better bit mixing" (2011).
  const auto mix = [](uint64_t x) {
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ULL;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBULL;
    return x ^ (x >> 31);
  };
  constexpr uint64_t kStep = 0x9E3779B97F4A7C15ULL;
  // The seed once before and once between the rounds: rows of one seed are not those of another,
  // moved by a constant. Each line can be turned back, so keys stay different.
  const uint64_t first = mix(seed + kStep);
  const uint64_t second = mix(first + kStep);
  uint64_t key = mix(static_cast<uint64_t>(row) + first);
  key = mix(key ^ second);
  return key;
}

}  // namespace headrace::compute
