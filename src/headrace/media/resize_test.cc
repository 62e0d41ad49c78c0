// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/resize.h"

#include <gtest/gtest.h>

#include <random>

#include "headrace/media/resize_kernels.h"
#include "headrace/media/resize_scalar.h"

namespace headrace::media {
namespace {

std::vector<uint8_t> RandomPixels(size_t size, int seed) {
  std::mt19937 random(seed);
  std::vector<uint8_t> pixels(size + kResizeSlack);
  for (auto& value : pixels) value = static_cast<uint8_t>(random());
  return pixels;
}

struct Sizes {
  int width, height, out_width, out_height;
};

class ResizeKernelsTest : public ::testing::TestWithParam<Sizes> {};

TEST_P(ResizeKernelsTest, VectorsGiveTheSameAsPlainCode) {
  const Sizes s = GetParam();
  ResizeCoefficients columns, rows;
  columns.Prepare(s.width, s.out_width);
  rows.Prepare(s.height, s.out_height);
  for (const int channels : {3, 4}) {
    const size_t row_bytes = static_cast<size_t>(s.width) * channels;
    const auto in = RandomPixels(row_bytes * s.height, channels);
    const size_t padded = PaddedRowBytes(s.out_width, channels);
    const size_t out_bytes = static_cast<size_t>(s.out_width) * channels;
    std::vector<uint8_t> fast(padded * s.height + kResizeSlack), plain(fast.size());
    ResizeRows(columns, channels, in.data(), row_bytes, s.height, fast.data(), padded);
    const auto scalar = channels == 3 ? &ResizeRowsScalar<3> : &ResizeRowsScalar<4>;
    scalar(columns, in.data(), row_bytes, s.height, plain.data(), padded);
    for (int y = 0; y < s.height; ++y) {
      for (size_t i = 0; i < out_bytes; ++i) {
        ASSERT_EQ(fast[y * padded + i], plain[y * padded + i]) << "row " << y << " byte " << i;
      }
    }
    std::vector<uint8_t> fast_out(out_bytes * s.out_height), plain_out(fast_out.size());
    ResizeColumns(rows, fast.data(), padded, out_bytes, fast_out.data(), out_bytes);
    ResizeColumnsScalar(rows, plain.data(), padded, out_bytes, plain_out.data(), out_bytes);
    ASSERT_EQ(fast_out, plain_out);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, ResizeKernelsTest,
                         ::testing::Values(Sizes{500, 375, 224, 224}, Sizes{100, 80, 333, 207},
                                           Sizes{1, 1, 5, 7}, Sizes{7, 5, 1, 1},
                                           Sizes{2000, 3, 3, 2}, Sizes{3, 2000, 2, 3},
                                           Sizes{65, 63, 64, 62}, Sizes{31, 17, 30, 40}));

TEST(ResizeCoefficientsTest, WindowsLieInsideTheImageAndWeightsAddUpToOne) {
  for (const auto& [in, out] : {std::pair(500, 224), {10, 100}, {1, 9}, {9, 1}, {1000, 3}}) {
    ResizeCoefficients weights;
    weights.Prepare(in, out);
    for (int i = 0; i < out; ++i) {
      EXPECT_GE(weights.first[i], 0);
      EXPECT_LE(weights.first[i] + weights.num_taps, in);
      double sum = 0;
      for (int t = 0; t < weights.num_taps; ++t) sum += weights.exact[i * weights.num_taps + t];
      EXPECT_NEAR(sum, 1.0, 1e-12);
    }
  }
}

TEST(ResizerTest, KeepsAFlatColor) {
  std::vector<uint8_t> in(40 * 30 * 3 + kResizeSlack, 77);
  std::vector<uint8_t> out(13 * 57 * 3);
  Resizer().Resize(PixelMode::kRGB, in.data(), 40, 30, out.data(), 13, 57);
  EXPECT_EQ(out, std::vector<uint8_t>(out.size(), 77));
}

TEST(ResizerTest, AveragesPairsWhenHalved) {
  // By hand: weights 1/8 3/8 3/8 1/8, of which one falls off each edge: (3 * 0 + 3 * 80 + 160) / 7.
  std::vector<uint8_t> in = {0, 80, 160, 240};
  in.resize(4 + kResizeSlack);
  std::vector<uint8_t> out(2);
  Resizer().Resize(PixelMode::kL, in.data(), 4, 1, out.data(), 2, 1);
  EXPECT_EQ(out, (std::vector<uint8_t>{57, 183}));
}

TEST(ResizerTest, DoesNotMixColorsOfTransparentPixels) {
  // One opaque red pixel beside a fully transparent green one: halfway it is red, half opaque.
  std::vector<uint8_t> in = {200, 0, 0, 255, 0, 200, 0, 0};
  in.resize(8 + kResizeSlack);
  std::vector<uint8_t> out(4);
  Resizer().Resize(PixelMode::kRGBA, in.data(), 2, 1, out.data(), 1, 1);
  EXPECT_EQ(out, (std::vector<uint8_t>{199, 0, 0, 128}));
}

TEST(ResizerTest, TakesTheNearestPaletteIndex) {
  std::vector<uint8_t> in = {1, 2, 3, 4};
  in.resize(4 + kResizeSlack);
  std::vector<uint8_t> out(2);
  Resizer().Resize(PixelMode::kP, in.data(), 4, 1, out.data(), 2, 1);
  EXPECT_EQ(out, (std::vector<uint8_t>{2, 4}));
}

}  // namespace
}  // namespace headrace::media
