// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/resize_coefficients.h"

#include <algorithm>
#include <cmath>

namespace headrace::media {
namespace {

double Triangle(double x) {
  x = std::abs(x);
  return x < 1.0 ? 1.0 - x : 0.0;
}

int32_t PackPair(int32_t a, int32_t b) {
  return static_cast<int32_t>(static_cast<uint32_t>(a) | (static_cast<uint32_t>(b) << 16));
}

}  // namespace

void ResizeCoefficients::Prepare(int in, int out) {
  if (in == in_size && out == out_size) return;
  in_size = in;
  out_size = out;
  const double scale = static_cast<double>(in) / out;
  const double filter_scale = std::max(scale, 1.0);
  const double support = filter_scale;  // the triangle reaches 1.0 to each side
  const double inverse = 1.0 / filter_scale;
  first.resize(out);
  num_taps = 1;
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int begin = std::max(static_cast<int>(center - support + 0.5), 0);
    const int end = std::min(static_cast<int>(center + support + 0.5), in);
    first[i] = begin;
    num_taps = std::max(num_taps, end - begin);
  }
  num_pairs = (num_taps + 1) / 2;
  exact.assign(static_cast<size_t>(out) * num_taps, 0.0);
  weights.assign(static_cast<size_t>(out) * num_taps, 0);
  const size_t padded = static_cast<size_t>(out + 3) / 4 * 4;
  low_pairs.assign(padded * num_pairs, 0);
  high_pairs.assign(padded * num_pairs, 0);
  for (int i = 0; i < out; ++i) {
    const double center = (i + 0.5) * scale;
    const int begin = first[i];
    const int end = std::min(static_cast<int>(center + support + 0.5), in);
    // All windows are equally long and inside the image: at the end they begin with zero weights.
    first[i] = std::min(begin, in - num_taps);
    double* taps = &exact[static_cast<size_t>(i) * num_taps];
    double sum = 0.0;
    for (int t = begin - first[i]; t < end - first[i]; ++t) {
      taps[t] = Triangle((t + first[i] - center + 0.5) * inverse);
      sum += taps[t];
    }
    int32_t* fixed = &weights[static_cast<size_t>(i) * num_taps];
    for (int t = 0; t < num_taps; ++t) {
      if (sum != 0.0) taps[t] /= sum;
      fixed[t] = static_cast<int32_t>(0.5 + taps[t] * (1 << kWeightBits));
    }
    for (int p = 0; p < num_pairs; ++p) {
      const int32_t a = fixed[2 * p];
      const int32_t b = 2 * p + 1 < num_taps ? fixed[2 * p + 1] : 0;
      constexpr int32_t kMask = (1 << kLowBits) - 1;
      low_pairs[static_cast<size_t>(i) * num_pairs + p] = PackPair(a & kMask, b & kMask);
      high_pairs[static_cast<size_t>(i) * num_pairs + p] = PackPair(a >> kLowBits, b >> kLowBits);
    }
  }
}

}  // namespace headrace::media
