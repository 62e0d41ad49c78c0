// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace headrace::media {

/// Turns gray values into black (0) and white (255) as Pillow's convert("1"): what a pixel is off
/// is spread over the pixels right of it and below it (Floyd and Steinberg). Rows in order, from
/// the top; one object per image.
class Ditherer {
 public:
  explicit Ditherer(int width) : errors_(static_cast<size_t>(width) + 1) {}

  /// `gray(x)` gives the value of a pixel. Writes one byte per pixel.
  template <typename Gray>
  void Row(Gray gray, uint8_t* out);

 private:
  /// Sixteenths that the row above has left for each pixel, from the second number on; the first is
  /// what the row writes for the pixel left of the edge.
  std::vector<int> errors_;
};

template <typename Gray>
void Ditherer::Row(Gray gray, uint8_t* out) {
  const int width = static_cast<int>(errors_.size()) - 1;
  int right = 0;                   // for the next pixel
  int below = 0, below_right = 0;  // for the next row: of the pixels so far
  for (int x = 0; x < width; ++x) {
    const int value = gray(x) + (right + errors_[x + 1]) / 16;
    const int clipped = value < 0 ? 0 : value > 255 ? 255 : value;
    out[x] = clipped > 128 ? 255 : 0;
    const int error = clipped - out[x];
    errors_[x] = 3 * error + below;
    below = 5 * error + below_right;
    below_right = error;
    right = 7 * error;
  }
  errors_[width] = below;
}

}  // namespace headrace::media
