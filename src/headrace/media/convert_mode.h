// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "headrace/base/status.h"
#include "headrace/media/pixel_mode.h"

namespace headrace::media {

/// Whether ConvertMode can make `to` out of `from`: every mode becomes L, LA, RGB, RGBA, CMYK, I
/// and F; nothing is turned into a palette or black and white, which would need dithering.
bool CanConvert(PixelMode from, PixelMode to);

/// Writes `num_pixels` pixels of `in` (mode `from`) to `out` in the mode `to`, with the values of
/// Pillow's Image.convert(). `in` and `out` do not overlap. Only if CanConvert.
void ConvertMode(PixelMode from, const ColorTable& colors, const uint8_t* in, int64_t num_pixels,
                 PixelMode to, uint8_t* out);

}  // namespace headrace::media
