// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "headrace/base/status.h"

namespace headrace::media {

/// Pixels of 8 bits, rows from top to bottom.
struct Pixels {
  const uint8_t* data = nullptr;
  int64_t width = 0;
  int64_t height = 0;
  int64_t channels = 0;  // 1 gray, 3 RGB; PNG also 2 gray with alpha, 4 RGBA
};

/// `pixels` as a PNG or JPEG file; JPEG with Pillow's defaults (quality 75, half the colors). Fails
/// with Invalid for sizes and channels that the format does not have. Thread-safe.
Result<std::string> EncodePng(const Pixels& pixels);
Result<std::string> EncodeJpeg(const Pixels& pixels);

}  // namespace headrace::media
