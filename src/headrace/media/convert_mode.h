// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "headrace/base/status.h"
#include "headrace/media/pixel_mode.h"

namespace headrace::media {

/// Whether ConvertMode can make `to` out of `from`: every mode becomes 1 (dithered), L, LA, RGB,
/// RGBA, CMYK, I and F; nothing is turned into a palette or 16 bits of gray.
bool CanConvert(PixelMode from, PixelMode to);

/// Writes the `width` x `height` pixels of `in` (mode `from`) to `out` in the mode `to`, with the
/// values of Pillow's Image.convert(). `in` and `out` do not overlap. Only if CanConvert.
void ConvertMode(PixelMode from, const ColorTable& colors, const uint8_t* in, int width, int height,
                 PixelMode to, uint8_t* out);

}  // namespace headrace::media
