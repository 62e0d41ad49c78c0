// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "headrace/base/status.h"
#include "headrace/media/pixel_mode.h"

namespace headrace::media {

using Bytes = std::span<const uint8_t>;

enum class ImageFormat : uint8_t { kJpeg, kPng, kWebp, kTiff, kBmp, kGif };

std::string_view ImageFormatName(ImageFormat format);

/// What the header of an image says.
struct ImageInfo {
  ImageFormat format = ImageFormat::kJpeg;
  PixelMode mode = PixelMode::kRGB;
  int width = 0;
  int height = 0;

  int64_t size_bytes() const { return int64_t{width} * height * BytesPerPixel(mode); }
};

/// Pixels an image may have at most, about 179 million as in Pillow: a small file can claim to be a
/// picture that fills the memory.
inline constexpr int64_t kDefaultMaxPixels = 178'956'970;

/// Gives the memory for pixels once their number is known.
class PixelSink {
 public:
  virtual ~PixelSink() = default;
  /// `info.size_bytes()` bytes, which stay valid while the image is decoded. Called once per image,
  /// after the limits were checked.
  virtual Result<uint8_t*> Allocate(const ImageInfo& info) = 0;
};

/// Size and mode of an encoded image, without decoding its pixels. Fails with Invalid saying what
/// is wrong, also when the image has more than `max_pixels`.
Result<ImageInfo> ReadImageInfo(Bytes data, int64_t max_pixels = kDefaultMaxPixels);

/// Decodes an image into memory of `sink`, in the mode and with the values that Pillow's
/// Image.open() gives (frame 0 of an animation). Fills `colors` for modes that need it.
///
/// Differs from Pillow: TIFF images of rarer layouts (YCbCr, Lab, planes, tiles) become RGB or
/// RGBA.
///
/// Fails with Invalid saying what is wrong; then the memory holds unspecified values. Thread-safe.
Result<ImageInfo> DecodeImage(Bytes data, PixelSink* sink, ColorTable* colors,
                              int64_t max_pixels = kDefaultMaxPixels);

}  // namespace headrace::media
