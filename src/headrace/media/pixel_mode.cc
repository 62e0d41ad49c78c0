// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/pixel_mode.h"

#include <iterator>

namespace headrace::media {
namespace {

struct ModeTraits {
  std::string_view name;
  int bytes;
  int channels;
};

// In the order of PixelMode.
constexpr ModeTraits kModes[] = {{"1", 1, 1},   {"L", 1, 1},    {"LA", 2, 2},   {"P", 1, 1},
                                 {"RGB", 3, 3}, {"RGBA", 4, 4}, {"CMYK", 4, 4}, {"I;16", 2, 1},
                                 {"I", 4, 1},   {"F", 4, 1}};

const ModeTraits& TraitsOf(PixelMode mode) { return kModes[static_cast<int>(mode)]; }

}  // namespace

std::string_view PixelModeName(PixelMode mode) { return TraitsOf(mode).name; }

std::optional<PixelMode> ParsePixelMode(std::string_view name) {
  for (size_t i = 0; i < std::size(kModes); ++i) {
    if (kModes[i].name == name) return static_cast<PixelMode>(i);
  }
  return std::nullopt;
}

int BytesPerPixel(PixelMode mode) { return TraitsOf(mode).bytes; }
int NumChannels(PixelMode mode) { return TraitsOf(mode).channels; }

void ColorTable::Reset() {
  for (int i = 0; i < 256; ++i) {
    palette[4 * i] = palette[4 * i + 1] = palette[4 * i + 2] = static_cast<uint8_t>(i);
    palette[4 * i + 3] = 255;
  }
  transparent.reset();
}

}  // namespace headrace::media
