// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/media/decode_image.h"
#include "headrace/media/resize.h"

namespace headrace::media {

struct ImageLoadOptions {
  std::optional<std::pair<int, int>> size;  // (height, width) to resize to
  std::optional<PixelMode> mode;            // nullopt: as stored
  int64_t max_pixels = kDefaultMaxPixels;
};

/// Encoded image -> decoded, resized, converted pixels, in that order, as Ray's reader does it with
/// Pillow. Each image is decoded straight into the memory of the sink when it needs no further
/// step, and the last step writes there otherwise; scratch memory is kept between images. One
/// thread at a time.
class ImageLoader {
 public:
  explicit ImageLoader(ImageLoadOptions options) : options_(options) {}

  /// Mode k1 is given out as 0 and 1. On failure (see DecodeImage) the memory of the sink may have
  /// been allocated; what is in it has no meaning.
  Result<ImageInfo> Load(Bytes data, PixelSink* sink);

 private:
  ImageLoadOptions options_;
  Resizer resizer_;
  ColorTable colors_;
  std::vector<uint8_t> decoded_;
  std::vector<uint8_t> resized_;
};

}  // namespace headrace::media
