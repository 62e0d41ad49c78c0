// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/media/decode_image.h"

namespace headrace::media {

/// What a decoder works with. When only the header is wanted, `sink` is nullptr.
struct DecodeRequest {
  Bytes data;
  PixelSink* sink = nullptr;
  ColorTable* colors = nullptr;
  int64_t max_pixels = kDefaultMaxPixels;
  std::optional<std::pair<int, int>> at_least;  // see DecodeOptions
};

/// One function per format: each reads the header, calls CheckSize, and unless only the header is
/// wanted gets memory from the sink and decodes into it.
Result<ImageInfo> DecodeJpeg(const DecodeRequest& request);
Result<ImageInfo> DecodePng(const DecodeRequest& request);
Result<ImageInfo> DecodeWebp(const DecodeRequest& request);
Result<ImageInfo> DecodeTiff(const DecodeRequest& request);
Result<ImageInfo> DecodeBmp(const DecodeRequest& request);
Result<ImageInfo> DecodeGif(const DecodeRequest& request);

/// Fails when `info` has no pixels or more than `max_pixels`.
Status CheckSize(const ImageInfo& info, int64_t max_pixels);

}  // namespace headrace::media
