// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/media/decode_image.h"
#include "headrace/media/resize.h"

namespace headrace::media {

struct ImageLoadOptions {
  std::optional<std::pair<int, int>> size;  // (height, width) to resize to
  std::optional<PixelMode> mode;            // nullopt: as stored
  /// JPEG images are decoded at a fraction of their size where that still covers `size`
  /// (DecodeOptions::at_least). Without it the result is what Pillow gives.
  bool fast = false;
  int64_t max_pixels = kDefaultMaxPixels;
  /// Called when the header is known and before any pixel is decoded, with the bytes that the image
  /// takes: the result, the scratch memory of the decoder and that of the steps after it. An error
  /// ends the image with it. Empty: not asked.
  std::function<Status(int64_t bytes)> before_decode;
};

/// Encoded image -> decoded, resized, converted pixels, in that order, as Ray's reader does it with
/// Pillow. Each image is decoded straight into the memory of the sink when it needs no further
/// step, and the last step writes there otherwise; scratch memory up to kKeptScratchBytes is kept
/// between images. One thread at a time.
class ImageLoader {
 public:
  /// Images of 5 megapixels. What a larger one needed is given back: the next may be small.
  static constexpr size_t kKeptScratchBytes = 16 << 20;

  explicit ImageLoader(ImageLoadOptions options) : options_(std::move(options)) {}

  /// Mode k1 is given out as 0 and 1. On failure (see DecodeImage) the memory of the sink may have
  /// been allocated; what is in it has no meaning.
  Result<ImageInfo> Load(Bytes data, PixelSink* sink);

 private:
  Result<ImageInfo> LoadWithScratch(Bytes data, PixelSink* sink);

  ImageLoadOptions options_;
  Resizer resizer_;
  ColorTable colors_;
  std::vector<uint8_t> decoded_;
  std::vector<uint8_t> resized_;
};

}  // namespace headrace::media
