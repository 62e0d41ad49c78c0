// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace headrace::media {

/// Weights of one direction of a resize: output pixel i is the weighted sum of the input pixels
/// [first[i], first[i] + num_taps), which all exist. The arithmetic is Pillow's: a triangle filter,
/// widened when the picture shrinks, in double, then rounded to kWeightBits bits.
struct ResizeCoefficients {
  static constexpr int kWeightBits = 22;
  /// Low bits of a weight. A weight is high * 2^kLowBits + low, where both parts fit in 16 bits, so
  /// that the exact sum can be made with 16-bit multiplications.
  static constexpr int kLowBits = 11;

  int in_size = 0;
  int out_size = 0;
  int num_taps = 0;           // the same for all pixels; where fewer are needed some weights are 0
  int num_pairs = 0;          // (num_taps + 1) / 2
  std::vector<int> first;     // [out_size]
  std::vector<double> exact;  // [out_size * num_taps]
  std::vector<int32_t> weights;  // [out_size * num_taps]
  /// Two neighbouring taps as two int16 in one int32 (the first in the low half).
  std::vector<int32_t> low_pairs;  // [out_size rounded up to 4][num_pairs], zero beyond out_size
  std::vector<int32_t> high_pairs;

  /// Fills in the weights for `in_size` -> `out_size` pixels, unless they are there already.
  void Prepare(int in_size, int out_size);
};

}  // namespace headrace::media
