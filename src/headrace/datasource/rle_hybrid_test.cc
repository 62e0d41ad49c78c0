// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/rle_hybrid.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace headrace::datasource {
namespace {

TEST(RleHybridTest, UnpacksEveryBitWidth) {
  std::mt19937_64 random(3);
  for (int width = 0; width <= 32; ++width) {
    for (const int groups : {1, 2, 9, 100}) {
      const int64_t count = groups * 8 - 3;
      std::vector<uint32_t> values(groups * 8);
      std::vector<uint8_t> bytes;
      for (uint32_t header = static_cast<uint32_t>(groups) << 1 | 1; true; header >>= 7) {
        bytes.push_back(static_cast<uint8_t>((header & 0x7F) | (header > 0x7F ? 0x80 : 0)));
        if (header <= 0x7F) break;
      }
      const size_t start = bytes.size();
      bytes.resize(start + groups * width);
      for (size_t i = 0; i < values.size(); ++i) {
        values[i] = static_cast<uint32_t>(random() & ((uint64_t{1} << width) - 1));
        for (int bit = 0; bit < width; ++bit) {
          const size_t at = i * width + bit;
          if ((values[i] >> bit & 1) != 0) bytes[start + at / 8] |= 1 << (at % 8);
        }
      }
      std::vector<int32_t> out(count);
      ASSERT_TRUE(DecodeRleHybrid(bytes, width, count, out.data()).ok());
      for (int64_t i = 0; i < count; ++i) {
        ASSERT_EQ(static_cast<uint32_t>(out[i]), values[i]) << "width " << width;
      }
    }
  }
}

TEST(RleHybridTest, FailsWhenRunsAreCutOff) {
  std::vector<int32_t> out(64);
  EXPECT_FALSE(DecodeRleHybrid({}, 3, 1, out.data()).ok());
  const std::vector<uint8_t> packed = {9, 0xFF};  // four groups announced, one byte there
  EXPECT_FALSE(DecodeRleHybrid(packed, 3, 32, out.data()).ok());
  const std::vector<uint8_t> run = {20};
  EXPECT_FALSE(DecodeRleHybrid(run, 3, 10, out.data()).ok());
}

}  // namespace
}  // namespace headrace::datasource
