// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "headrace/media/resize_coefficients.h"

namespace headrace::media {

/// ResizeRows without vectors; `kChannels` bytes per pixel.
template <int kChannels>
void ResizeRowsScalar(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
                      int num_rows, uint8_t* out, size_t out_row_bytes) {
  for (int y = 0; y < num_rows; ++y) {
    const uint8_t* row = in + static_cast<size_t>(y) * in_row_bytes;
    uint8_t* to = out + static_cast<size_t>(y) * out_row_bytes;
    for (int x = 0; x < weights.out_size; ++x) {
      const int first = weights.first[x];
      const int32_t* weight = &weights.weights[static_cast<size_t>(x) * weights.num_taps];
      for (int c = 0; c < kChannels; ++c) {
        int32_t sum = 1 << (ResizeCoefficients::kWeightBits - 1);
        for (int t = 0; t < weights.num_taps; ++t) {
          sum += weight[t] * row[(first + t) * kChannels + c];
        }
        to[x * kChannels + c] = static_cast<uint8_t>(sum >> ResizeCoefficients::kWeightBits);
      }
    }
  }
}

/// ResizeColumns without vectors.
inline void ResizeColumnsScalar(const ResizeCoefficients& weights, const uint8_t* in,
                                size_t in_row_bytes, size_t row_bytes, uint8_t* out,
                                size_t out_row_bytes) {
  for (int y = 0; y < weights.out_size; ++y) {
    const uint8_t* rows = in + static_cast<size_t>(weights.first[y]) * in_row_bytes;
    const int32_t* weight = &weights.weights[static_cast<size_t>(y) * weights.num_taps];
    uint8_t* to = out + static_cast<size_t>(y) * out_row_bytes;
    for (size_t i = 0; i < row_bytes; ++i) {
      int32_t sum = 1 << (ResizeCoefficients::kWeightBits - 1);
      for (int t = 0; t < weights.num_taps; ++t) {
        sum += weight[t] * rows[static_cast<size_t>(t) * in_row_bytes + i];
      }
      to[i] = static_cast<uint8_t>(sum >> ResizeCoefficients::kWeightBits);
    }
  }
}

}  // namespace headrace::media
