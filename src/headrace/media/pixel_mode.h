// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace headrace::media {

/// How pixels lie in memory, with Pillow's names and meaning. Rows follow each other without gaps.
enum class PixelMode : uint8_t {
  k1,   // one byte per pixel, 0 or 255
  kL,   // gray
  kLA,  // gray, alpha
  kP,   // index into a palette
  kRGB,
  kRGBA,
  kCMYK,
  kI16,  // uint16 gray, native byte order
  kI,    // int32 gray
  kF,    // float gray
};

/// Pillow's name: "1", "L", …, "I;16".
std::string_view PixelModeName(PixelMode mode);
/// The mode of a Pillow name; nullopt for those that are not known here.
std::optional<PixelMode> ParsePixelMode(std::string_view name);

/// Bytes of one pixel.
int BytesPerPixel(PixelMode mode);
/// Length of the last dimension in numpy; 1 means that there is none.
int NumChannels(PixelMode mode);

/// What a mode needs besides its pixels to be converted.
struct ColorTable {
  /// 256 RGBA entries of a kP image.
  std::array<uint8_t, 1024> palette;
  /// The color (gray value or R, G, B) that stands for transparent pixels of k1, kL, kI16 or kRGB.
  std::optional<std::array<uint16_t, 3>> transparent;

  ColorTable() { Reset(); }
  /// Gray ramp, opaque, no transparent color.
  void Reset();
};

}  // namespace headrace::media
