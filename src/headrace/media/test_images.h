// SPDX-License-Identifier: Apache-2.0
#pragma once

// Encoders for tests; included by tests only.

// clang-format off
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <jpeglib.h>
// clang-format on
#include <png.h>

#include <cstdint>
#include <cstring>
#include <vector>

namespace headrace::media {

/// `channels` 1: gray, 3: RGB, 4: CMYK.
inline std::vector<uint8_t> EncodeJpeg(const std::vector<uint8_t>& pixels, int width, int height,
                                       int channels, bool progressive = false) {
  jpeg_compress_struct info;
  jpeg_error_mgr errors;
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* out = nullptr;
  unsigned long size = 0;  // NOLINT: libjpeg's type
  jpeg_mem_dest(&info, &out, &size);
  info.image_width = width;
  info.image_height = height;
  info.input_components = channels;
  info.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
  jpeg_set_defaults(&info);
  if (progressive) jpeg_simple_progression(&info);
  jpeg_set_quality(&info, 100, TRUE);
  jpeg_start_compress(&info, TRUE);
  for (int y = 0; y < height; ++y) {
    auto* row = const_cast<JSAMPLE*>(&pixels[size_t(y) * width * channels]);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  std::vector<uint8_t> bytes(out, out + size);
  jpeg_destroy_compress(&info);
  std::free(out);
  return bytes;
}

/// `color_type` and `depth` as in libpng; rows of `pixels` are as libpng wants them. `alphas` are
/// those of the palette, whose colors are (i, 2 * i, 3 * i).
inline std::vector<uint8_t> EncodePng(const std::vector<uint8_t>& pixels, int width, int height,
                                      int color_type, int depth = 8, bool interlace = false,
                                      const std::vector<uint8_t>& alphas = {}) {
  std::vector<uint8_t> bytes;
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, size_t size) {
        auto* to = static_cast<std::vector<uint8_t>*>(png_get_io_ptr(writer));
        to->insert(to->end(), data, data + size);
      },
      nullptr);
  png_set_IHDR(png, info, width, height, depth, color_type,
               interlace ? PNG_INTERLACE_ADAM7 : PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
               PNG_FILTER_TYPE_DEFAULT);
  std::vector<png_color> palette(color_type == PNG_COLOR_TYPE_PALETTE ? 1 << depth : 0);
  for (size_t i = 0; i < palette.size(); ++i) {
    palette[i] = {png_byte(i), png_byte(2 * i), png_byte(3 * i)};
  }
  if (!palette.empty()) png_set_PLTE(png, info, palette.data(), int(palette.size()));
  if (!alphas.empty()) png_set_tRNS(png, info, alphas.data(), int(alphas.size()), nullptr);
  png_write_info(png, info);
  std::vector<png_bytep> rows;
  const size_t row_bytes = png_get_rowbytes(png, info);
  for (int y = 0; y < height; ++y) {
    rows.push_back(const_cast<png_bytep>(pixels.data() + y * row_bytes));
  }
  png_write_image(png, rows.data());
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
  return bytes;
}

}  // namespace headrace::media
