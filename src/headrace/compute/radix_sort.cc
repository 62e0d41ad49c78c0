// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/radix_sort.h"

#include <algorithm>
#include <array>
#include <utility>

namespace headrace::compute {
namespace {

// Measured on 1e6 random numbers, Xeon with 2 cores: one pass of 8 or 9 bits 5.1 ns per number, of
// 10 bits 5.7, of 11 bits 5.9.
constexpr int kMaxDigitBits = 9;

}  // namespace

void RadixSort(std::span<uint64_t> values, std::span<uint64_t> scratch, int low_bit, int num_bits) {
  const int passes = (num_bits + kMaxDigitBits - 1) / kMaxDigitBits;
  if (passes == 0 || values.size() < 2) return;
  uint64_t* from = values.data();
  uint64_t* to = scratch.data();
  const size_t size = values.size();
  for (int pass = 0; pass < passes; ++pass) {
    const int begin = num_bits * pass / passes;
    const int bits = num_bits * (pass + 1) / passes - begin;
    const int shift = low_bit + begin;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    std::array<uint32_t, size_t{1} << kMaxDigitBits> places{};
    for (size_t i = 0; i < size; ++i) ++places[(from[i] >> shift) & mask];
    if (places[(from[0] >> shift) & mask] == size) continue;  // one digit for all
    uint32_t place = 0;
    for (uint64_t digit = 0; digit <= mask; ++digit) {
      place += std::exchange(places[digit], place);
    }
    for (size_t i = 0; i < size; ++i) to[places[(from[i] >> shift) & mask]++] = from[i];
    std::swap(from, to);
  }
  if (from != values.data()) std::copy_n(from, size, values.data());
}

}  // namespace headrace::compute
