// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/resize.h"

#include <algorithm>
#include <cstring>

#include "headrace/media/resize_kernels.h"

namespace headrace::media {
namespace {

uint8_t MultiplyDivide255(int a, int b) {
  const int product = a * b + 128;
  return static_cast<uint8_t>(((product >> 8) + product) >> 8);
}

void Premultiply(int channels, uint8_t* pixels, int64_t num_pixels) {
  for (uint8_t* p = pixels; p < pixels + num_pixels * channels; p += channels) {
    const int alpha = p[channels - 1];
    for (int c = 0; c < channels - 1; ++c) p[c] = MultiplyDivide255(p[c], alpha);
  }
}

void Unpremultiply(int channels, uint8_t* pixels, int64_t num_pixels) {
  for (uint8_t* p = pixels; p < pixels + num_pixels * channels; p += channels) {
    const int alpha = p[channels - 1];
    if (alpha == 0 || alpha == 255) continue;
    for (int c = 0; c < channels - 1; ++c) {
      p[c] = static_cast<uint8_t>(std::min(255 * p[c] / alpha, 255));
    }
  }
}

void ResizeNearest(const uint8_t* in, int width, int height, uint8_t* out, int out_width,
                   int out_height) {
  const double step_x = static_cast<double>(width) / out_width;
  const double step_y = static_cast<double>(height) / out_height;
  std::vector<int> columns(out_width);
  // Positions are added up, not multiplied: rounding then falls as in Pillow.
  double x = step_x * 0.5;
  for (int i = 0; i < out_width; ++i, x += step_x) columns[i] = static_cast<int>(x);
  double y = step_y * 0.5;
  for (int j = 0; j < out_height; ++j, y += step_y) {
    const int row = static_cast<int>(y);
    uint8_t* to = out + static_cast<size_t>(j) * out_width;
    for (int i = 0; i < out_width; ++i) {
      to[i] = row < height && columns[i] < width ? in[static_cast<size_t>(row) * width + columns[i]]
                                                 : 0;
    }
  }
}

void Round(double sum, float* out) { *out = static_cast<float>(sum); }
void Round(double sum, int32_t* out) {
  *out = static_cast<int32_t>(sum >= 0 ? sum + 0.5 : sum - 0.5);
}
void Round(double sum, uint16_t* out) {
  const int rounded = static_cast<int>(sum >= 0 ? sum + 0.5 : sum - 0.5);
  *out = static_cast<uint16_t>(std::clamp(rounded, 0, 65535));
}

/// Which direction Pillow 13 resizes first; between the two, pixels are rounded, so it matters for
/// equality. Found by comparing 1,500 pairs of random sizes: none differs from this rule. (Releases
/// before 13 always begin with the rows; their results then differ by at most 1.)
bool ColumnsFirst(int width, int height, int out_width, int out_height) {
  return out_height < height && height - out_height > 2 * (width - out_width);
}

/// Modes with one wide number per pixel, in double.
template <typename T>
void WidePass(const ResizeCoefficients& weights, const T* in, size_t in_stride, T* out,
              size_t out_stride) {
  for (int i = 0; i < weights.out_size; ++i, out += out_stride) {
    const T* from = in + static_cast<size_t>(weights.first[i]) * in_stride;
    const double* weight = &weights.exact[static_cast<size_t>(i) * weights.num_taps];
    double sum = 0;
    for (int t = 0; t < weights.num_taps; ++t) sum += from[t * in_stride] * weight[t];
    Round(sum, out);
  }
}

template <typename T>
void WideRows(const ResizeCoefficients& weights, const T* in, int num_rows, T* out) {
  for (int y = 0; y < num_rows; ++y, in += weights.in_size, out += weights.out_size) {
    WidePass(weights, in, 1, out, 1);
  }
}

template <typename T>
void WideColumns(const ResizeCoefficients& weights, const T* in, int width, T* out) {
  for (int x = 0; x < width; ++x) WidePass(weights, in + x, width, out + x, width);
}

template <typename T>
void ResizeWide(const ResizeCoefficients& columns, const ResizeCoefficients& rows, const void* in,
                void* out) {
  const T* from = static_cast<const T*>(in);
  T* to = static_cast<T*>(out);
  const int width = columns.in_size, out_width = columns.out_size;
  const int height = rows.in_size, out_height = rows.out_size;
  if (width == out_width) return WideColumns(rows, from, width, to);
  if (height == out_height) return WideRows(columns, from, height, to);
  if (ColumnsFirst(width, height, out_width, out_height)) {
    std::vector<T> between(static_cast<size_t>(width) * out_height);
    WideColumns(rows, from, width, between.data());
    WideRows(columns, between.data(), out_height, to);
  } else {
    std::vector<T> between(static_cast<size_t>(out_width) * height);
    WideRows(columns, from, height, between.data());
    WideColumns(rows, between.data(), out_width, to);
  }
}

}  // namespace

void Resizer::Resize(PixelMode mode, uint8_t* in, int width, int height, uint8_t* out,
                     int out_width, int out_height) {
  columns_.Prepare(width, out_width);
  rows_.Prepare(height, out_height);
  const int channels = NumChannels(mode);
  switch (mode) {
    case PixelMode::k1:
    case PixelMode::kP:
      return ResizeNearest(in, width, height, out, out_width, out_height);
    case PixelMode::kI16:
      return ResizeWide<uint16_t>(columns_, rows_, in, out);
    case PixelMode::kI:
      return ResizeWide<int32_t>(columns_, rows_, in, out);
    case PixelMode::kF:
      return ResizeWide<float>(columns_, rows_, in, out);
    case PixelMode::kLA:
    case PixelMode::kRGBA:
      Premultiply(channels, in, int64_t{width} * height);
      ResizeBytes(channels, in, width, height, out, out_width, out_height);
      return Unpremultiply(channels, out, int64_t{out_width} * out_height);
    default:
      return ResizeBytes(channels, in, width, height, out, out_width, out_height);
  }
}

void Resizer::ResizeBytes(int channels, const uint8_t* in, int width, int height, uint8_t* out,
                          int out_width, int out_height) {
  const size_t in_row_bytes = static_cast<size_t>(width) * channels;
  const size_t out_row_bytes = static_cast<size_t>(out_width) * channels;
  if (width == out_width) {
    ResizeColumns(rows_, in, in_row_bytes, in_row_bytes, out, out_row_bytes);
    return;
  }
  const bool columns_first =
      height != out_height && ColumnsFirst(width, height, out_width, out_height);
  const size_t padded = PaddedRowBytes(out_width, channels);
  const int num_rows = columns_first ? out_height : height;
  const size_t padded_bytes = padded * static_cast<size_t>(num_rows) + kResizeSlack;
  const size_t needed =
      padded_bytes + (columns_first ? in_row_bytes * out_height + kResizeSlack : 0);
  if (scratch_.size() < needed) scratch_.resize(needed);
  if (columns_first) {
    uint8_t* between = scratch_.data() + padded_bytes;
    ResizeColumns(rows_, in, in_row_bytes, in_row_bytes, between, in_row_bytes);
    in = between;
  }
  ResizeRows(columns_, channels, in, in_row_bytes, num_rows, scratch_.data(), padded);
  if (num_rows != out_height) {
    ResizeColumns(rows_, scratch_.data(), padded, out_row_bytes, out, out_row_bytes);
    return;
  }
  for (int y = 0; y < out_height; ++y) {
    std::memcpy(out + static_cast<size_t>(y) * out_row_bytes,
                scratch_.data() + static_cast<size_t>(y) * padded, out_row_bytes);
  }
}

}  // namespace headrace::media
