// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <utility>

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
  /// Memory that the decoder takes beside the pixels, where it grows with the image: coefficients
  /// of a progressive JPEG, canvases of libwebp, ….
  int64_t scratch_bytes = 0;

  int64_t size_bytes() const { return int64_t{width} * height * BytesPerPixel(mode); }
};

/// Pixels an image may have at most, about 179 million as in Pillow: a small file can claim to be a
/// picture that fills the memory.
inline constexpr int64_t kDefaultMaxPixels = 178'956'970;

struct DecodeOptions {
  int64_t max_pixels = kDefaultMaxPixels;
  /// (height, width) that the image is going to be reduced to. A JPEG image is then decoded at a
  /// half, a quarter or an eighth of its size where that still covers this: faster, with less
  /// memory, and nearly the same picture once it is reduced. nullopt: as stored.
  std::optional<std::pair<int, int>> at_least;
};

/// Gives the memory for pixels once their number is known.
class PixelSink {
 public:
  virtual ~PixelSink() = default;
  /// `info.size_bytes()` bytes, which stay valid while the image is decoded. Called once per image,
  /// after the limits were checked.
  virtual Result<uint8_t*> Allocate(const ImageInfo& info) = 0;
};

/// Size and mode that DecodeImage() would give with the same options, without decoding pixels.
/// Fails with Invalid saying what is wrong, also when the image as stored has more than
/// `max_pixels`.
Result<ImageInfo> ReadImageInfo(Bytes data, const DecodeOptions& options = {});

/// Decodes an image into memory of `sink`, in the mode and with the values that Pillow's
/// Image.open() gives (frame 0 of an animation). Fills `colors` for modes that need it.
///
/// Differs from Pillow: TIFF images of rarer layouts (YCbCr, Lab, planes, tiles) become RGB or
/// RGBA.
///
/// Fails with Invalid saying what is wrong; then the memory holds unspecified values. Thread-safe.
Result<ImageInfo> DecodeImage(Bytes data, PixelSink* sink, ColorTable* colors,
                              const DecodeOptions& options = {});

}  // namespace headrace::media
