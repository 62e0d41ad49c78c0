// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/random_order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <map>
#include <numeric>
#include <vector>

namespace headrace::compute {
namespace {

std::vector<int64_t> Order(uint64_t seed, int64_t rows) {
  std::vector<int64_t> order(static_cast<size_t>(rows));
  std::iota(order.begin(), order.end(), 0);
  std::sort(order.begin(), order.end(),
            [seed](int64_t a, int64_t b) { return ShuffleKey(seed, a) < ShuffleKey(seed, b); });
  return order;
}

TEST(ShuffleKeyTest, NoTwoRowsShareAKey) {
  for (const uint64_t seed : {0ULL, 1ULL, ~0ULL}) {
    std::vector<uint64_t> keys(1000000);
    for (size_t i = 0; i < keys.size(); ++i) keys[i] = ShuffleKey(seed, static_cast<int64_t>(i));
    std::sort(keys.begin(), keys.end());
    EXPECT_EQ(std::adjacent_find(keys.begin(), keys.end()), keys.end()) << seed;
  }
}

TEST(ShuffleKeyTest, KeysAreEvenlySpread) {
  // 256 equal ranges: chi-square with 255 degrees of freedom, 347 is passed once in 10^4 times.
  constexpr int kRanges = 256;
  constexpr int kRows = 256000;
  for (const uint64_t seed : {0ULL, 1ULL, 42ULL}) {
    std::vector<int> counts(kRanges);
    for (int64_t row = 0; row < kRows; ++row) ++counts[ShuffleKey(seed, row) >> 56];
    double chi_square = 0;
    for (const int count : counts) {
      const double distance = count - static_cast<double>(kRows) / kRanges;
      chi_square += distance * distance / (static_cast<double>(kRows) / kRanges);
    }
    EXPECT_LT(chi_square, 347) << seed;
  }
}

TEST(ShuffleKeyTest, EveryRowComesToEveryPlace) {
  // Row 3 of 16 over 16,000 seeds; 15 degrees of freedom: 44.3 is passed once in 10^4 times.
  std::vector<int> counts(16);
  for (uint64_t seed = 0; seed < 16000; ++seed) {
    const auto order = Order(seed, 16);
    ++counts[std::find(order.begin(), order.end(), 3) - order.begin()];
  }
  double chi_square = 0;
  for (const int count : counts) chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  EXPECT_LT(chi_square, 44.3);
}

TEST(ShuffleKeyTest, AllOrdersOfFourRowsAreEquallyLikely) {
  std::map<std::vector<int64_t>, int> counts;
  for (uint64_t seed = 0; seed < 24000; ++seed) ++counts[Order(seed, 4)];
  ASSERT_EQ(counts.size(), 24U);
  double chi_square = 0;
  for (const auto& [order, count] : counts) {
    chi_square += (count - 1000.0) * (count - 1000.0) / 1000.0;
  }
  EXPECT_LT(chi_square, 57.1);  // 23 degrees of freedom, once in 10^4 times
}

TEST(ShuffleKeyTest, OneBitOfSeedOrRowChangesHalfOfTheKey) {
  for (int bit = 0; bit < 64; ++bit) {
    int64_t by_row = 0;
    int64_t by_seed = 0;
    for (int64_t row = 0; row < 1000; ++row) {
      const uint64_t key = ShuffleKey(7, row);
      by_row += std::popcount(key ^ ShuffleKey(7, row ^ static_cast<int64_t>(uint64_t{1} << bit)));
      by_seed += std::popcount(key ^ ShuffleKey(7 ^ (uint64_t{1} << bit), row));
    }
    // 64,000 coins: 32,000 with a standard deviation of 126.
    EXPECT_NEAR(static_cast<double>(by_row), 32000, 700) << bit;
    EXPECT_NEAR(static_cast<double>(by_seed), 32000, 700) << bit;
  }
}

}  // namespace
}  // namespace headrace::compute
