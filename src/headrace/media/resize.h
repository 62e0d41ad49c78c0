// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/media/pixel_mode.h"
#include "headrace/media/resize_coefficients.h"

namespace headrace::media {

/// Resizes images as Pillow's Image.resize(size, Image.BILINEAR): the same values bit for bit. A
/// triangle filter over all covered pixels; nearest neighbour for modes 1 and P; colors weighted by
/// alpha for LA and RGBA. Keeps its scratch memory and weights between images. One thread at a
/// time.
class Resizer {
 public:
  /// `in` is width x height pixels of `mode` followed by kResizeSlack readable bytes; it is changed
  /// for modes with alpha. Writes out_width x out_height pixels. The sizes differ and are positive.
  void Resize(PixelMode mode, uint8_t* in, int width, int height, uint8_t* out, int out_width,
              int out_height);

 private:
  void ResizeBytes(int channels, const uint8_t* in, int width, int height, uint8_t* out,
                   int out_width, int out_height);

  ResizeCoefficients columns_;  // horizontal
  ResizeCoefficients rows_;     // vertical
  std::vector<uint8_t> scratch_;
};

}  // namespace headrace::media
