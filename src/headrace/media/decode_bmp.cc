// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstring>
#include <vector>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

constexpr uint32_t kRaw = 0, kRle8 = 1, kRle4 = 2, kBitFields = 3;

uint32_t U16(const uint8_t* p) { return p[0] | (p[1] << 8); }
uint32_t U32(const uint8_t* p) { return U16(p) | (U16(p + 2) << 16); }

struct BmpHeader {
  ImageInfo info;
  bool bottom_up = true;
  uint32_t bits = 0;
  uint32_t compression = kRaw;
  size_t pixel_offset = 0;
  uint32_t masks[4] = {0, 0, 0, 0};  // red, green, blue, alpha; 0: as the depth says
  size_t palette_offset = 0;
  uint32_t num_colors = 0;
  int palette_entry_bytes = 4;
};

/// What the palette of at most 8 bits means: gray levels in order are no palette in Pillow.
PixelMode PaletteMode(const BmpHeader& header, Bytes data) {
  for (uint32_t i = 0; i < header.num_colors; ++i) {
    const size_t at = header.palette_offset + size_t{i} * header.palette_entry_bytes;
    const uint8_t gray = static_cast<uint8_t>(header.num_colors == 2 ? i * 255 : i);
    if (at + 3 > data.size() || data[at] != gray || data[at + 1] != gray || data[at + 2] != gray) {
      return PixelMode::kP;
    }
  }
  return header.num_colors <= 2 ? PixelMode::k1 : PixelMode::kL;
}

Result<BmpHeader> ReadHeader(Bytes data) {
  if (data.size() < 26) return Status::Invalid("the file is truncated");
  BmpHeader header;
  header.info.format = ImageFormat::kBmp;
  header.pixel_offset = U32(&data[10]);
  const uint32_t header_size = U32(&data[14]);
  size_t palette = 14 + size_t{header_size};
  if (data.size() < palette) return Status::Invalid("the file is truncated");
  if (header_size == 12) {
    header.info.width = static_cast<int>(U16(&data[18]));
    header.info.height = static_cast<int>(U16(&data[20]));
    header.bits = U16(&data[24]);
    header.palette_entry_bytes = 3;
  } else if (header_size == 40 || header_size == 52 || header_size == 56 || header_size == 64 ||
             header_size == 108 || header_size == 124) {
    const auto height = static_cast<int32_t>(U32(&data[22]));
    header.info.width = static_cast<int32_t>(U32(&data[18]));
    header.bottom_up = height >= 0;
    header.info.height = height == INT32_MIN ? 0 : std::abs(height);
    header.bits = U16(&data[28]);
    header.compression = U32(&data[30]);
    header.num_colors = U32(&data[46]);
    if (header.compression == kBitFields) {
      const size_t num_masks = header_size >= 56 ? 4 : 3;
      if (data.size() < 54 + 4 * num_masks) return Status::Invalid("the file is truncated");
      for (size_t i = 0; i < num_masks; ++i) header.masks[i] = U32(&data[54 + 4 * i]);
      if (header_size == 40) palette += 12;
    }
  } else {
    return Status::Invalid("header of unknown size ", header_size);
  }
  header.palette_offset = palette;
  if (header.num_colors == 0 && header.bits <= 8) header.num_colors = 1u << header.bits;
  const bool rle = header.compression == kRle8 || header.compression == kRle4;
  if (header.compression > kBitFields ||
      (rle && header.bits != (header.compression == kRle8 ? 8u : 4u))) {
    return Status::Invalid("compression ", header.compression, " with ", header.bits,
                           " bits per pixel is not supported");
  }
  switch (header.bits) {
    case 1:
    case 4:
    case 8:
      if (header.num_colors > 65536) return Status::Invalid("the palette is too large");
      header.info.mode = PaletteMode(header, data);
      break;
    case 16:
      if (header.masks[0] == 0) {
        header.masks[0] = 0x7c00, header.masks[1] = 0x3e0, header.masks[2] = 0x1f;
      }
      break;
    case 24:
      break;
    case 32:
      if (header.masks[0] == 0 && header.masks[1] == 0 && header.masks[2] == 0) {
        if (header.compression == kBitFields) header.masks[3] = 0xff000000;
        header.masks[0] = 0xff0000, header.masks[1] = 0xff00, header.masks[2] = 0xff;
      }
      if (header.masks[3] != 0) header.info.mode = PixelMode::kRGBA;
      break;
    default:
      return Status::Invalid(header.bits, " bits per pixel are not supported");
  }
  return header;
}

/// Value of the bits of `mask` in `pixel`, stretched to 0..255.
uint8_t Channel(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return 255;
  const int shift = __builtin_ctz(mask);
  const uint64_t most = mask >> shift;
  return static_cast<uint8_t>((uint64_t{(pixel & mask) >> shift} * 255) / most);
}

void UnpackRow(const BmpHeader& header, const uint8_t* row, uint8_t* out) {
  const int width = header.info.width;
  const int channels = BytesPerPixel(header.info.mode);
  switch (header.bits) {
    case 1:
    case 4: {
      // A bit of a black and white image is 0 or 255, a gray level of four bits stays an index.
      const int bits = static_cast<int>(header.bits);
      const int per_byte = 8 / bits;
      for (int x = 0; x < width; ++x) {
        const int shift = 8 - bits * (x % per_byte + 1);
        const int value = (row[x / per_byte] >> shift) & ((1 << bits) - 1);
        out[x] = static_cast<uint8_t>(header.info.mode == PixelMode::k1 ? value * 255 : value);
      }
      return;
    }
    case 8:
      std::memcpy(out, row, width);
      return;
    case 24:
      for (int x = 0; x < width; ++x, row += 3, out += 3) {
        out[0] = row[2], out[1] = row[1], out[2] = row[0];
      }
      return;
    default:
      const int bytes = static_cast<int>(header.bits / 8);
      for (int x = 0; x < width; ++x, row += bytes, out += channels) {
        const uint32_t pixel = bytes == 2 ? U16(row) : U32(row);
        for (int c = 0; c < channels; ++c) out[c] = Channel(pixel, header.masks[c]);
      }
  }
}

/// Run-length encoded rows, from the bottom up; pixels that are not there stay 0.
Status DecodeRle(const BmpHeader& header, Bytes data, uint8_t* pixels) {
  const int width = header.info.width, height = header.info.height;
  const bool four_bits = header.compression == kRle4;
  std::memset(pixels, 0, header.info.size_bytes());
  int64_t x = 0, y = 0;
  size_t at = 0;
  const auto put = [&](int value) {
    if (x < width && y < height) {
      const int64_t row = header.bottom_up ? height - 1 - y : y;
      pixels[row * width + x] = static_cast<uint8_t>(value);
    }
    ++x;
  };
  while (y < height) {
    if (at + 2 > data.size()) return Status::Invalid("the file is truncated");
    const int count = data[at], value = data[at + 1];
    at += 2;
    if (count > 0) {
      for (int i = 0; i < count; ++i) {
        put(!four_bits ? value : i % 2 == 0 ? value >> 4 : value & 15);
      }
    } else if (value == 0) {
      x = 0;
      ++y;
    } else if (value == 1) {
      break;
    } else if (value == 2) {
      if (at + 2 > data.size()) return Status::Invalid("the file is truncated");
      x += data[at];
      y += data[at + 1];
      at += 2;
    } else {
      const size_t bytes = four_bits ? (value + 1) / 2 : value;
      if (at + bytes > data.size()) return Status::Invalid("the file is truncated");
      for (int i = 0; i < value; ++i) {
        const int byte = data[at + (four_bits ? i / 2 : i)];
        put(!four_bits ? byte : i % 2 == 0 ? byte >> 4 : byte & 15);
      }
      at += (bytes + 1) / 2 * 2;
    }
  }
  return Status::OK();
}

}  // namespace

Result<ImageInfo> DecodeBmp(const DecodeRequest& request) {
  const Bytes data = request.data;
  ARROW_ASSIGN_OR_RAISE(const BmpHeader header, ReadHeader(data));
  ARROW_RETURN_NOT_OK(CheckSize(header.info, request.max_pixels));
  if (request.sink == nullptr) return header.info;
  if (header.info.mode == PixelMode::kP) {
    for (uint32_t i = 0; i < std::min(header.num_colors, 256u); ++i) {
      const size_t entry = header.palette_offset + size_t{i} * header.palette_entry_bytes;
      if (entry + 3 > data.size()) break;
      for (int c = 0; c < 3; ++c) request.colors->palette[4 * i + c] = data[entry + 2 - c];
    }
  }
  const size_t row_bytes = (size_t(header.info.width) * header.bits + 31) / 32 * 4;
  const bool rle = header.compression == kRle8 || header.compression == kRle4;
  if (header.pixel_offset > data.size() ||
      (!rle && data.size() - header.pixel_offset < row_bytes * header.info.height)) {
    return Status::Invalid("the file is truncated");
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(header.info));
  if (rle) {
    ARROW_RETURN_NOT_OK(DecodeRle(header, data.subspan(header.pixel_offset), pixels));
    return header.info;
  }
  const size_t out_bytes = size_t(header.info.width) * BytesPerPixel(header.info.mode);
  for (int y = 0; y < header.info.height; ++y) {
    const int row = header.bottom_up ? header.info.height - 1 - y : y;
    UnpackRow(header, &data[header.pixel_offset + row * row_bytes], pixels + y * out_bytes);
  }
  return header.info;
}

}  // namespace headrace::media
