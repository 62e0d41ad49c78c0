// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "headrace/media/resize_coefficients.h"

namespace headrace::media {

/// Bytes that the kernels may read behind the last input row, and read and write behind each row of
/// the intermediate image.
inline constexpr size_t kResizeSlack = 64;

/// Bytes from one row to the next of an intermediate image.
inline size_t PaddedRowBytes(int width, int channels) {
  return (static_cast<size_t>(width) + 3) / 4 * 4 * channels + kResizeSlack;
}

/// Resizes `num_rows` rows of 1 to 4 byte channels from `weights.in_size` to `weights.out_size`
/// pixels. `in` is followed by kResizeSlack readable bytes; rows of `out` are
/// `out_row_bytes` >= PaddedRowBytes apart. Uses the widest vectors of the machine.
void ResizeRows(const ResizeCoefficients& weights, int channels, const uint8_t* in,
                size_t in_row_bytes, int num_rows, uint8_t* out, size_t out_row_bytes);

/// Resizes columns: row y of `out` is the weighted sum of rows of `in`, byte by byte. Rows of `in`
/// are followed by kResizeSlack readable bytes (the next row, or slack); `out` is written exactly.
void ResizeColumns(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
                   size_t row_bytes, uint8_t* out, size_t out_row_bytes);

}  // namespace headrace::media
