// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/convert_mode.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "headrace/media/dither.h"

namespace headrace::media {
namespace {

struct Rgba {
  uint8_t r, g, b, a;
};

/// ITU-R 601-2 luma in 16-bit fixed point, as Pillow.
uint8_t Luma(const Rgba& p) {
  return static_cast<uint8_t>((p.r * 19595u + p.g * 38470u + p.b * 7471u + 0x8000) >> 16);
}

template <typename T>
T Value(const uint8_t* p) {
  T value;
  std::memcpy(&value, p, sizeof(T));
  return value;
}

// One reader per mode: pixel -> RGBA. `colors` gives palette and transparent color.

struct FromGray {
  static constexpr int kBytes = 1;
  static constexpr bool kGray = true;
  static Rgba Read(const uint8_t* p, const ColorTable& colors) {
    const bool clear = colors.transparent && (*colors.transparent)[0] == p[0];
    return {p[0], p[0], p[0], static_cast<uint8_t>(clear ? 0 : 255)};
  }
};
struct FromLa {
  static constexpr int kBytes = 2;
  static constexpr bool kGray = true;
  static Rgba Read(const uint8_t* p, const ColorTable&) { return {p[0], p[0], p[0], p[1]}; }
};
struct FromPalette {
  static constexpr int kBytes = 1;
  static constexpr bool kGray = false;
  static Rgba Read(const uint8_t* p, const ColorTable& colors) {
    const uint8_t* entry = &colors.palette[4 * p[0]];
    return {entry[0], entry[1], entry[2], entry[3]};
  }
};
struct FromRgb {
  static constexpr int kBytes = 3;
  static constexpr bool kGray = false;
  static Rgba Read(const uint8_t* p, const ColorTable& colors) {
    const auto& key = colors.transparent;
    const bool clear = key && (*key)[0] == p[0] && (*key)[1] == p[1] && (*key)[2] == p[2];
    return {p[0], p[1], p[2], static_cast<uint8_t>(clear ? 0 : 255)};
  }
};
struct FromRgba {
  static constexpr int kBytes = 4;
  static constexpr bool kGray = false;
  static Rgba Read(const uint8_t* p, const ColorTable&) { return {p[0], p[1], p[2], p[3]}; }
};
struct FromCmyk {
  static constexpr int kBytes = 4;
  static constexpr bool kGray = false;
  static Rgba Read(const uint8_t* p, const ColorTable&) {
    const int light = 255 - p[3];
    const auto channel = [light](int ink) {
      const int product = ink * light + 128;
      return static_cast<uint8_t>(std::clamp(light - (((product >> 8) + product) >> 8), 0, 255));
    };
    return {channel(p[0]), channel(p[1]), channel(p[2]), 255};
  }
};
/// Wide gray values are cut off, not scaled.
template <typename T>
struct FromWide {
  static constexpr int kBytes = sizeof(T);
  static constexpr bool kGray = true;
  static Rgba Read(const uint8_t* p, const ColorTable& colors) {
    const T value = Value<T>(p);
    const auto gray = value <= 0     ? uint8_t{0}
                      : value >= 255 ? uint8_t{255}
                                     : static_cast<uint8_t>(value);
    const bool clear = colors.transparent && T((*colors.transparent)[0]) == value;
    return {gray, gray, gray, static_cast<uint8_t>(clear ? 0 : 255)};
  }
};

template <typename From>
void Convert(const ColorTable& colors, const uint8_t* in, int64_t num_pixels, PixelMode to,
             uint8_t* out) {
  const auto each = [&](int out_bytes, auto write) {
    for (int64_t i = 0; i < num_pixels; ++i, in += From::kBytes, out += out_bytes) {
      write(From::Read(in, colors), out);
    }
  };
  switch (to) {
    case PixelMode::kL:
      return each(1, [](Rgba p, uint8_t* o) { *o = Luma(p); });
    case PixelMode::kLA:
      return each(2, [](Rgba p, uint8_t* o) { o[0] = Luma(p), o[1] = p.a; });
    case PixelMode::kRGB:
      return each(3, [](Rgba p, uint8_t* o) { o[0] = p.r, o[1] = p.g, o[2] = p.b; });
    case PixelMode::kRGBA:
      return each(4, [](Rgba p, uint8_t* o) { o[0] = p.r, o[1] = p.g, o[2] = p.b, o[3] = p.a; });
    case PixelMode::kCMYK:
      // Gray is printed in black alone.
      if (From::kGray) {
        return each(4, [](Rgba p, uint8_t* o) { o[0] = o[1] = o[2] = 0, o[3] = 255 - p.r; });
      }
      return each(4, [](Rgba p, uint8_t* o) {
        o[0] = 255 - p.r, o[1] = 255 - p.g, o[2] = 255 - p.b, o[3] = 0;
      });
    case PixelMode::kI:
      return each(4, [](Rgba p, uint8_t* o) {
        const int32_t value = Luma(p);
        std::memcpy(o, &value, 4);
      });
    default:
      return each(4, [](Rgba p, uint8_t* o) {  // kF
        const float value = static_cast<float>(p.r * 299 + p.g * 587 + p.b * 114) / 1000.0f;
        std::memcpy(o, &value, 4);
      });
  }
}

template <typename From, typename To>
void ConvertNumbers(const uint8_t* in, int64_t num_pixels, uint8_t* out) {
  for (int64_t i = 0; i < num_pixels; ++i) {
    const To value = static_cast<To>(Value<From>(in + i * sizeof(From)));
    std::memcpy(out + i * sizeof(To), &value, sizeof(To));
  }
}

void ConvertPixels(PixelMode from, const ColorTable& colors, const uint8_t* in, int64_t num_pixels,
                   PixelMode to, uint8_t* out) {
  if (from == to) {
    std::memcpy(out, in, static_cast<size_t>(num_pixels) * BytesPerPixel(from));
    return;
  }
  if (from == PixelMode::k1 && to == PixelMode::kL) {
    std::memcpy(out, in, num_pixels);
    return;
  }
  const bool to_i = to == PixelMode::kI, to_f = to == PixelMode::kF;
  switch (from) {
    case PixelMode::kI16:
      if (to_i) return ConvertNumbers<uint16_t, int32_t>(in, num_pixels, out);
      if (to_f) return ConvertNumbers<uint16_t, float>(in, num_pixels, out);
      return Convert<FromWide<uint16_t>>(colors, in, num_pixels, to, out);
    case PixelMode::kI:
      if (to_f) return ConvertNumbers<int32_t, float>(in, num_pixels, out);
      return Convert<FromWide<int32_t>>(colors, in, num_pixels, to, out);
    case PixelMode::kF:
      if (to_i) return ConvertNumbers<float, int32_t>(in, num_pixels, out);
      return Convert<FromWide<float>>(colors, in, num_pixels, to, out);
    case PixelMode::k1:
    case PixelMode::kL:
      return Convert<FromGray>(colors, in, num_pixels, to, out);
    case PixelMode::kLA:
      return Convert<FromLa>(colors, in, num_pixels, to, out);
    case PixelMode::kP:
      return Convert<FromPalette>(colors, in, num_pixels, to, out);
    case PixelMode::kRGB:
      return Convert<FromRgb>(colors, in, num_pixels, to, out);
    case PixelMode::kRGBA:
      return Convert<FromRgba>(colors, in, num_pixels, to, out);
    case PixelMode::kCMYK:
      return Convert<FromCmyk>(colors, in, num_pixels, to, out);
  }
}

/// One of the colors of a palette is not spread over its neighbours.
void PaletteToBlackAndWhite(const ColorTable& colors, const uint8_t* in, int64_t num_pixels,
                            uint8_t* out) {
  for (int64_t i = 0; i < num_pixels; ++i) {
    const Rgba color = FromPalette::Read(in + i, colors);
    out[i] = color.r * 299 + color.g * 587 + color.b * 114 >= 128'000 ? 255 : 0;
  }
}

void ConvertToBlackAndWhite(PixelMode from, const ColorTable& colors, const uint8_t* in, int width,
                            int height, uint8_t* out) {
  if (from == PixelMode::kP) {
    return PaletteToBlackAndWhite(colors, in, int64_t{width} * height, out);
  }
  const bool colored =
      from == PixelMode::kRGB || from == PixelMode::kRGBA || from == PixelMode::kCMYK;
  const PixelMode base = colored ? PixelMode::kRGB : PixelMode::kL;
  std::vector<uint8_t> row(static_cast<size_t>(width) * BytesPerPixel(base));
  Ditherer ditherer(width);
  for (int y = 0; y < height; ++y, in += int64_t{width} * BytesPerPixel(from), out += width) {
    ConvertPixels(from, colors, in, width, base, row.data());
    if (colored) {
      ditherer.Row(
          [&](int x) {
            const uint8_t* p = &row[3 * static_cast<size_t>(x)];
            return (p[0] * 299 + p[1] * 587 + p[2] * 114) / 1000;
          },
          out);
    } else {
      ditherer.Row([&](int x) { return int{row[x]}; }, out);
    }
  }
}

}  // namespace

bool CanConvert(PixelMode from, PixelMode to) {
  if (from == to) return true;
  return to != PixelMode::kP && to != PixelMode::kI16;
}

void ConvertMode(PixelMode from, const ColorTable& colors, const uint8_t* in, int width, int height,
                 PixelMode to, uint8_t* out) {
  if (to == PixelMode::k1 && from != PixelMode::k1) {
    return ConvertToBlackAndWhite(from, colors, in, width, height, out);
  }
  ConvertPixels(from, colors, in, int64_t{width} * height, to, out);
}

}  // namespace headrace::media
