// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/image_loader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "headrace/media/test_images.h"

namespace headrace::media {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class VectorSink final : public PixelSink {
 public:
  Result<uint8_t*> Allocate(const ImageInfo& info) override {
    pixels.assign(info.size_bytes(), 0xcc);
    return pixels.data();
  }
  std::vector<uint8_t> pixels;
};

std::vector<uint8_t> Load(const std::vector<uint8_t>& bytes, ImageLoadOptions options = {},
                          PixelMode expected = PixelMode::kRGB) {
  VectorSink sink;
  const auto info = ImageLoader(options).Load(bytes, &sink);
  EXPECT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(PixelModeName(info->mode), PixelModeName(expected));
  return sink.pixels;
}

std::vector<uint8_t> Ramp(size_t size) {
  std::vector<uint8_t> pixels(size);
  for (size_t i = 0; i < size; ++i) pixels[i] = static_cast<uint8_t>(i * 7);
  return pixels;
}

TEST(ImageLoaderTest, DecodesPngsOfEachModeExactly) {
  const auto rgb = Ramp(5 * 4 * 3), rgba = Ramp(5 * 4 * 4), gray = Ramp(5 * 4),
             la = Ramp(5 * 4 * 2);
  EXPECT_EQ(Load(EncodePng(rgb, 5, 4, PNG_COLOR_TYPE_RGB)), rgb);
  EXPECT_EQ(Load(EncodePng(rgb, 5, 4, PNG_COLOR_TYPE_RGB, 8, /*interlace=*/true)), rgb);
  EXPECT_EQ(Load(EncodePng(rgba, 5, 4, PNG_COLOR_TYPE_RGBA), {}, PixelMode::kRGBA), rgba);
  EXPECT_EQ(Load(EncodePng(gray, 5, 4, PNG_COLOR_TYPE_GRAY), {}, PixelMode::kL), gray);
  EXPECT_EQ(Load(EncodePng(la, 5, 4, PNG_COLOR_TYPE_GRAY_ALPHA), {}, PixelMode::kLA), la);
  EXPECT_EQ(Load(EncodePng(gray, 5, 4, PNG_COLOR_TYPE_PALETTE), {}, PixelMode::kP), gray);
}

TEST(ImageLoaderTest, KeepsSixteenBitsOfGrayAndTheHighByteOfColors) {
  const std::vector<uint8_t> big_endian = {0x12, 0x34, 0xff, 0x00};
  const auto gray = Load(EncodePng(big_endian, 2, 1, PNG_COLOR_TYPE_GRAY, 16), {}, PixelMode::kI16);
  EXPECT_THAT(gray, ElementsAre(0x34, 0x12, 0x00, 0xff));
  const std::vector<uint8_t> colors = {0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc};
  EXPECT_THAT(Load(EncodePng(colors, 1, 1, PNG_COLOR_TYPE_RGB, 16)), ElementsAre(0x12, 0x56, 0x9a));
}

TEST(ImageLoaderTest, GivesOneBitImagesAsZeroAndOne) {
  EXPECT_THAT(Load(EncodePng({0b10110000}, 4, 1, PNG_COLOR_TYPE_GRAY, 1), {}, PixelMode::k1),
              ElementsAre(1, 0, 1, 1));
}

TEST(ImageLoaderTest, ConvertsPalettesWithTheirAlpha) {
  const auto png = EncodePng({0, 1, 2}, 3, 1, PNG_COLOR_TYPE_PALETTE, 8, false, {10, 20});
  EXPECT_THAT(Load(png, {.mode = PixelMode::kRGB}), ElementsAre(0, 0, 0, 1, 2, 3, 2, 4, 6));
  EXPECT_THAT(Load(png, {.mode = PixelMode::kRGBA}, PixelMode::kRGBA),
              ElementsAre(0, 0, 0, 10, 1, 2, 3, 20, 2, 4, 6, 255));
}

TEST(ImageLoaderTest, ConvertsColorsToLuma) {
  EXPECT_THAT(Load(EncodePng({10, 200, 30}, 1, 1, PNG_COLOR_TYPE_RGB), {.mode = PixelMode::kL},
                   PixelMode::kL),
              ElementsAre(124));  // (10 * 299 + 200 * 587 + 30 * 114) / 1000 = 123.8
}

TEST(ImageLoaderTest, SpreadsWhatBlackAndWhiteIsOff) {
  // 100 is black and 100 off: 7/16 of it make 143 of the next, white and 112 less, and so on.
  EXPECT_THAT(Load(EncodePng(std::vector<uint8_t>(6, 100), 3, 2, PNG_COLOR_TYPE_GRAY),
                   {.mode = PixelMode::k1}, PixelMode::k1),
              ElementsAre(0, 1, 0, 0, 0, 1));
}

TEST(ImageLoaderTest, DecodesJpegsCloseToTheirPixels) {
  const std::vector<uint8_t> flat(16 * 16, 90);
  EXPECT_EQ(Load(EncodeJpeg(flat, 16, 16, 1), {}, PixelMode::kL), flat);
  const std::vector<uint8_t> gray_rgb(9 * 5 * 3, 90);
  EXPECT_EQ(Load(EncodeJpeg(gray_rgb, 9, 5, 3)), gray_rgb);
}

TEST(ImageLoaderTest, ResizesBeforeItConverts) {
  const std::vector<uint8_t> flat(20 * 10 * 3, 50);
  const auto gray = Load(EncodePng(flat, 20, 10, PNG_COLOR_TYPE_RGB),
                         {.size = std::pair(3, 7), .mode = PixelMode::kL}, PixelMode::kL);
  EXPECT_EQ(gray, std::vector<uint8_t>(3 * 7, 50));
}

TEST(ImageLoaderTest, ReadsSizesFromTheHeaderAlone) {
  auto bytes = EncodeJpeg(Ramp(64 * 48 * 3), 64, 48, 3);
  bytes.resize(bytes.size() / 2);
  const auto info = ReadImageInfo(bytes);
  ASSERT_TRUE(info.ok()) << info.status();
  EXPECT_EQ(info->width, 64);
  EXPECT_EQ(info->height, 48);
}

/// (height, width) of what a JPEG of 400 x 240 pixels is decoded to.
std::pair<int, int> DecodedSize(std::pair<int, int> at_least) {
  const auto jpeg = EncodeJpeg(std::vector<uint8_t>(400 * 240 * 3, 90), 400, 240, 3);
  VectorSink sink;
  ColorTable colors;
  const DecodeOptions options{.at_least = at_least};
  const auto decoded = DecodeImage(jpeg, &sink, &colors, options);
  EXPECT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(sink.pixels, std::vector<uint8_t>(decoded->size_bytes(), 90));
  const auto announced = ReadImageInfo(jpeg, options);
  EXPECT_EQ(announced->size_bytes(), decoded->size_bytes());
  return {decoded->height, decoded->width};
}

TEST(ImageLoaderTest, DecodesTheSmallestFractionThatCoversWhatIsWanted) {
  EXPECT_EQ(DecodedSize({30, 50}), std::pair(30, 50));
  EXPECT_EQ(DecodedSize({1, 1}), std::pair(30, 50));
  EXPECT_EQ(DecodedSize({31, 50}), std::pair(60, 100));
  EXPECT_EQ(DecodedSize({30, 101}), std::pair(120, 200));
  EXPECT_EQ(DecodedSize({121, 10}), std::pair(240, 400)) << "no larger than it is";
  EXPECT_EQ(DecodedSize({1000, 1000}), std::pair(240, 400));
}

TEST(ImageLoaderTest, DecodesFractionsOfAnySizeAndKind) {
  for (const int channels : {1, 3, 4}) {
    for (const auto& [width, height] : {std::pair(17, 33), {47, 16}, {81, 65}}) {
      // Of CMYK, files hold the light.
      const std::vector<uint8_t> flat(size_t(width) * height * channels, 200);
      const auto jpeg = EncodeJpeg(flat, width, height, channels, /*progressive=*/width == 47);
      for (const int divisor : {2, 4, 8}) {
        const std::pair size(height / divisor, width / divisor);
        if (size.first == 0 || size.second == 0) continue;
        const auto mode = channels == 1   ? PixelMode::kL
                          : channels == 3 ? PixelMode::kRGB
                                          : PixelMode::kCMYK;
        EXPECT_EQ(Load(jpeg, {.size = size, .fast = true}, mode),
                  std::vector<uint8_t>(size_t(size.first) * size.second * channels,
                                       channels == 4 ? 55 : 200));
      }
    }
  }
}

TEST(ImageLoaderTest, TellsWhatADecoderTakesBesideThePixels) {
  const auto asked = [](const std::vector<uint8_t>& file, ImageLoadOptions options = {}) {
    int64_t bytes = 0;
    options.before_decode = [&](int64_t needed) {
      bytes = needed;
      return Status::OK();
    };
    Load(file, options);
    return bytes;
  };
  const int64_t pixels = 64 * 48 * 3;
  EXPECT_EQ(asked(EncodeJpeg(Ramp(pixels), 64, 48, 3)), pixels);
  // A coefficient of two bytes for each value; of the two color planes every second row and column.
  EXPECT_EQ(asked(EncodeJpeg(Ramp(pixels), 64, 48, 3, /*progressive=*/true)),
            pixels + 2 * (64 * 48 + 2 * 32 * 24));
  const auto jpeg = EncodeJpeg(Ramp(pixels), 64, 48, 3);
  EXPECT_EQ(asked(jpeg, {.size = std::pair(10, 10)}), pixels + 300);
  EXPECT_EQ(asked(jpeg, {.size = std::pair(10, 10), .fast = true}), pixels / 16 + 300)
      << "a fraction of the picture is all that is decoded";
}

TEST(ImageLoaderTest, SaysWhatIsWrongWithBrokenImages) {
  VectorSink sink;
  ImageLoader loader({});
  const auto message = [&](const std::vector<uint8_t>& bytes) {
    const Status status = loader.Load(bytes, &sink).status();
    EXPECT_TRUE(status.IsInvalid()) << status;
    return status.message();
  };
  for (auto bytes : {EncodeJpeg(Ramp(64 * 48 * 3), 64, 48, 3),
                     EncodePng(Ramp(64 * 48 * 3), 64, 48, PNG_COLOR_TYPE_RGB)}) {
    bytes.resize(bytes.size() / 2);
    EXPECT_THAT(message(bytes), HasSubstr("truncated"));
  }
  EXPECT_THAT(message({}), HasSubstr("empty"));
  EXPECT_THAT(message({'n', 'o', ' ', 'i', 'm', 'a', 'g', 'e'}), HasSubstr("Cannot identify"));
}

TEST(ImageLoaderTest, RefusesMorePixelsThanTheLimit) {
  const auto png = EncodePng(Ramp(20 * 10), 20, 10, PNG_COLOR_TYPE_GRAY);
  VectorSink sink;
  const Status status = ImageLoader({.max_pixels = 199}).Load(png, &sink).status();
  EXPECT_TRUE(status.IsInvalid());
  EXPECT_THAT(status.message(), HasSubstr("20 x 10"));
  EXPECT_TRUE(ImageLoader({.max_pixels = 200}).Load(png, &sink).ok());
}

TEST(ImageLoaderTest, SurvivesEveryTruncationAndManyFlippedBytes) {
  VectorSink sink;
  ImageLoader loader({.size = std::pair(8, 8), .mode = PixelMode::kRGB});
  for (const auto& image : {EncodeJpeg(Ramp(24 * 16 * 3), 24, 16, 3),
                            EncodePng(Ramp(24 * 16 * 3), 24, 16, PNG_COLOR_TYPE_RGB)}) {
    for (size_t size = 0; size < image.size(); ++size) {
      auto bytes = image;
      bytes[size] ^= 0x55;
      loader.Load(bytes, &sink).status().ok();  // must return; either outcome is fine
      bytes.resize(size);
      loader.Load(bytes, &sink).status().ok();
    }
  }
}

}  // namespace
}  // namespace headrace::media
