// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/resize_kernels.h"

#include <algorithm>
#include <cstring>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "headrace/media/resize_kernels.cc"
#include <hwy/foreach_target.h>  // includes this file once per instruction set
//
#include <hwy/highway.h>

#include "headrace/media/resize_scalar.h"

HWY_BEFORE_NAMESPACE();
namespace headrace::media::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_TARGET == HWY_SCALAR  // machines without vectors of bytes

void Rows3(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes, int num_rows,
           uint8_t* out, size_t out_row_bytes) {
  ResizeRowsScalar<3>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
}
void Rows4(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes, int num_rows,
           uint8_t* out, size_t out_row_bytes) {
  ResizeRowsScalar<4>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
}
void Columns(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
             size_t row_bytes, uint8_t* out, size_t out_row_bytes) {
  ResizeColumnsScalar(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
}

#else

// A 128-bit block holds taps of one row, a vector holds as many rows as it has blocks. The result
// of the exact 22-bit weights needs 32-bit products; these are made as two 16-bit multiply-adds
// (low and high part of the weights), which handle two taps per lane and cost half as much.
#if HWY_HAVE_SCALABLE
using Byte = hn::FixedTag<uint8_t, 16>;  // vectors whose size is only known at run time: one block
#else
using Byte = hn::ScalableTag<uint8_t>;
#endif
using Short = hn::Repartition<int16_t, Byte>;
using Int = hn::Repartition<int32_t, Byte>;
using Bytes8 = hn::Vec<Byte>;
using Ints = hn::Vec<Int>;

constexpr int kShift = ResizeCoefficients::kLowBits;
constexpr int kFinalShift = ResizeCoefficients::kWeightBits;
constexpr int kRowsAtOnce = static_cast<int>(hn::MaxLanes(Byte()) / 16);

/// Sum of the products of both 16-bit halves of each lane.
HWY_INLINE Ints PairProduct(Ints a, Ints b) {
#if HWY_ARCH_X86
  const Short d16;
  Ints unused = hn::Zero(Int());
  return hn::ReorderWidenMulAccumulate(Int(), hn::BitCast(d16, a), hn::BitCast(d16, b),
                                       hn::Zero(Int()), unused);
#else
  const Ints low =
      hn::Mul(hn::ShiftRight<16>(hn::ShiftLeft<16>(a)), hn::ShiftRight<16>(hn::ShiftLeft<16>(b)));
  return hn::Add(low, hn::Mul(hn::ShiftRight<16>(a), hn::ShiftRight<16>(b)));
#endif
}

/// Weighted sum of one pixel per block, or of four bytes per lane position.
struct Sum {
  Ints low;
  Ints high;

  HWY_INLINE Sum() : low(hn::Set(Int(), 1 << (kFinalShift - 1))), high(hn::Zero(Int())) {}
  HWY_INLINE void Add(Ints pairs, Ints low_weights, Ints high_weights) {
    low = hn::Add(low, PairProduct(pairs, low_weights));
    high = hn::Add(high, PairProduct(pairs, high_weights));
  }
  // Weights are not negative and add up to 2^22 but for rounding, so the result fits in a byte.
  HWY_INLINE Ints Finish() const {
    return hn::ShiftRight<kFinalShift>(hn::Add(hn::ShiftLeft<kShift>(high), low));
  }
};

/// 16 bytes at `offset` of each row, one row per block.
template <class D>
HWY_INLINE hn::Vec<D> LoadRows(D d, const uint8_t* const* rows, size_t offset) {
  if constexpr (hn::MaxLanes(D()) <= 16) {
    return hn::LoadU(d, rows[0] + offset);
  } else {
    const hn::Half<D> half;
    return hn::Combine(d, LoadRows(half, rows + hn::MaxLanes(half) / 16, offset),
                       LoadRows(half, rows, offset));
  }
}

// Shuffles that make 16-bit pairs (tap t, tap t+1) of each channel; 0x80 gives zero.
constexpr uint8_t kZ = 0x80;
alignas(16) constexpr uint8_t kPairs3[2][16] = {
    {0, kZ, 3, kZ, 1, kZ, 4, kZ, 2, kZ, 5, kZ, kZ, kZ, kZ, kZ},
    {6, kZ, 9, kZ, 7, kZ, 10, kZ, 8, kZ, 11, kZ, kZ, kZ, kZ, kZ}};
alignas(16) constexpr uint8_t kPairs4[2][16] = {
    {0, kZ, 4, kZ, 1, kZ, 5, kZ, 2, kZ, 6, kZ, 3, kZ, 7, kZ},
    {8, kZ, 12, kZ, 9, kZ, 13, kZ, 10, kZ, 14, kZ, 11, kZ, 15, kZ}};
// From four pixels per channel to four channels per pixel.
alignas(16) constexpr uint8_t kInterleave3[16] = {0,  4, 8, 1,  5,  9,  2,  6,
                                                  10, 3, 7, 11, kZ, kZ, kZ, kZ};
alignas(16) constexpr uint8_t kInterleave4[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                  2, 6, 10, 14, 3, 7, 11, 15};

/// One output pixel of kRowsAtOnce rows: a lane per channel. kPairs 0: any number of pairs.
template <int kChannels, int kPairs>
HWY_INLINE Ints Pixel(const ResizeCoefficients& weights, const uint8_t* const* rows, int x,
                      Bytes8 even_pairs, Bytes8 odd_pairs) {
  const int num_pairs = kPairs > 0 ? kPairs : weights.num_pairs;
  const int32_t* HWY_RESTRICT low = &weights.low_pairs[static_cast<size_t>(x) * num_pairs];
  const int32_t* HWY_RESTRICT high = &weights.high_pairs[static_cast<size_t>(x) * num_pairs];
  size_t offset = static_cast<size_t>(weights.first[x]) * kChannels;
  Sum sum;
  for (int pair = 0; pair < num_pairs; pair += 2) {
    const Bytes8 taps = LoadRows(Byte(), rows, offset);
    offset += 4 * kChannels;
    sum.Add(hn::BitCast(Int(), hn::TableLookupBytesOr0(taps, even_pairs)),
            hn::Set(Int(), low[pair]), hn::Set(Int(), high[pair]));
    if (pair + 1 < num_pairs) {
      sum.Add(hn::BitCast(Int(), hn::TableLookupBytesOr0(taps, odd_pairs)),
              hn::Set(Int(), low[pair + 1]), hn::Set(Int(), high[pair + 1]));
    }
  }
  return sum.Finish();
}

template <int kChannels, int kPairs>
void RowsOf(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes, int num_rows,
            uint8_t* out, size_t out_row_bytes) {
  const Byte d8;
  const Bytes8 even = hn::LoadDup128(d8, kChannels == 3 ? kPairs3[0] : kPairs4[0]);
  const Bytes8 odd = hn::LoadDup128(d8, kChannels == 3 ? kPairs3[1] : kPairs4[1]);
  const Bytes8 interleave = hn::LoadDup128(d8, kChannels == 3 ? kInterleave3 : kInterleave4);
  const int last_x = weights.out_size - 1;
  for (int y = 0; y < num_rows; y += kRowsAtOnce) {
    const uint8_t* rows[kRowsAtOnce];
    uint8_t* out_rows[kRowsAtOnce];
    for (int r = 0; r < kRowsAtOnce; ++r) {
      const size_t row = std::min(y + r, num_rows - 1);  // past the end: the last row once more
      rows[r] = in + row * in_row_bytes;
      out_rows[r] = out + row * out_row_bytes;
    }
    for (int x = 0; x <= last_x; x += 4) {
      Ints four[4];
      for (int i = 0; i < 4; ++i) {
        four[i] = Pixel<kChannels, kPairs>(weights, rows, std::min(x + i, last_x), even, odd);
      }
      const Ints packed = hn::Or(hn::Or(four[0], hn::ShiftLeft<8>(four[1])),
                                 hn::Or(hn::ShiftLeft<16>(four[2]), hn::ShiftLeft<24>(four[3])));
      const Bytes8 pixels = hn::TableLookupBytesOr0(hn::BitCast(d8, packed), interleave);
      HWY_ALIGN uint8_t blocks[kRowsAtOnce * 16];
      hn::Store(pixels, d8, blocks);
      for (int r = 0; r < kRowsAtOnce; ++r) {
        // 16 bytes for 12: the next pixels, or the slack, cover the rest.
        std::memcpy(out_rows[r] + static_cast<size_t>(x) * kChannels, blocks + 16 * r, 16);
      }
    }
  }
}

template <int kChannels>
void RowsOfChannels(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
                    int num_rows, uint8_t* out, size_t out_row_bytes) {
  switch (weights.num_pairs) {
    case 1:
      return RowsOf<kChannels, 1>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    case 2:
      return RowsOf<kChannels, 2>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    case 3:
      return RowsOf<kChannels, 3>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    case 4:
      return RowsOf<kChannels, 4>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    default:
      return RowsOf<kChannels, 0>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
  }
}

void Rows3(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes, int num_rows,
           uint8_t* out, size_t out_row_bytes) {
  RowsOfChannels<3>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
}
void Rows4(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes, int num_rows,
           uint8_t* out, size_t out_row_bytes) {
  RowsOfChannels<4>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
}

/// One vector of bytes of an output row. Each lane makes its own four bytes, so nothing has to be
/// moved between lanes.
template <int kPairs>
HWY_INLINE Bytes8 ColumnBytes(const uint8_t* in, size_t in_row_bytes, int num_taps,
                              int num_pairs_given, const int32_t* low, const int32_t* high) {
  const Byte d8;
  const Int d32;
  const int num_pairs = kPairs > 0 ? kPairs : num_pairs_given;
  Sum sums[4];
  for (int pair = 0; pair < num_pairs; ++pair) {
    const Bytes8 a = hn::LoadU(d8, in + static_cast<size_t>(2 * pair) * in_row_bytes);
    // An odd number of taps: the last pair's second weight is zero, its row may not exist.
    const int second = 2 * pair + 1 < num_taps ? 2 * pair + 1 : 2 * pair;
    const Bytes8 b = hn::LoadU(d8, in + static_cast<size_t>(second) * in_row_bytes);
    const Ints low_weights = hn::Set(d32, low[pair]);
    const Ints high_weights = hn::Set(d32, high[pair]);
    const Bytes8 zero = hn::Zero(d8);
    const Bytes8 ab0 = hn::InterleaveLower(d8, a, b);
    const Bytes8 ab1 = hn::InterleaveUpper(d8, a, b);
    sums[0].Add(hn::BitCast(d32, hn::InterleaveLower(d8, ab0, zero)), low_weights, high_weights);
    sums[1].Add(hn::BitCast(d32, hn::InterleaveUpper(d8, ab0, zero)), low_weights, high_weights);
    sums[2].Add(hn::BitCast(d32, hn::InterleaveLower(d8, ab1, zero)), low_weights, high_weights);
    sums[3].Add(hn::BitCast(d32, hn::InterleaveUpper(d8, ab1, zero)), low_weights, high_weights);
  }
  // Back to bytes: lane i of sums[k] is byte 4 * k + i of its block.
  alignas(16) static constexpr uint8_t kGather[16] = {0, 4, 8,  12, 1, 5, 9,  13,
                                                      2, 6, 10, 14, 3, 7, 11, 15};
  const Ints packed =
      hn::Or(hn::Or(sums[0].Finish(), hn::ShiftLeft<8>(sums[1].Finish())),
             hn::Or(hn::ShiftLeft<16>(sums[2].Finish()), hn::ShiftLeft<24>(sums[3].Finish())));
  return hn::TableLookupBytes(hn::BitCast(d8, packed), hn::LoadDup128(d8, kGather));
}

template <int kPairs>
void ColumnsOf(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
               size_t row_bytes, uint8_t* out, size_t out_row_bytes) {
  const Byte d8;
  const size_t step = hn::Lanes(d8);
  for (int y = 0; y < weights.out_size; ++y) {
    const int first = weights.first[y];
    const int32_t* low = &weights.low_pairs[static_cast<size_t>(y) * weights.num_pairs];
    const int32_t* high = &weights.high_pairs[static_cast<size_t>(y) * weights.num_pairs];
    const uint8_t* rows = in + static_cast<size_t>(first) * in_row_bytes;
    uint8_t* HWY_RESTRICT to = out + static_cast<size_t>(y) * out_row_bytes;
    const auto at = [&](size_t i) HWY_ATTR {
      return ColumnBytes<kPairs>(rows + i, in_row_bytes, weights.num_taps, weights.num_pairs, low,
                                 high);
    };
    size_t i = 0;
    for (; i + step <= row_bytes; i += step) hn::StoreU(at(i), d8, to + i);
    if (i < row_bytes) {
      HWY_ALIGN uint8_t rest[hn::MaxLanes(d8)];
      hn::Store(at(i), d8, rest);
      std::memcpy(to + i, rest, row_bytes - i);
    }
  }
}

void Columns(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
             size_t row_bytes, uint8_t* out, size_t out_row_bytes) {
  switch (weights.num_pairs) {
    case 1:
      return ColumnsOf<1>(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
    case 2:
      return ColumnsOf<2>(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
    case 3:
      return ColumnsOf<3>(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
    default:
      return ColumnsOf<0>(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
  }
}

#endif  // HWY_SCALAR

}  // namespace headrace::media::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headrace::media {
namespace {

HWY_EXPORT(Rows3);
HWY_EXPORT(Rows4);
HWY_EXPORT(Columns);

}  // namespace

void ResizeRows(const ResizeCoefficients& weights, int channels, const uint8_t* in,
                size_t in_row_bytes, int num_rows, uint8_t* out, size_t out_row_bytes) {
  switch (channels) {
    // One or two channels are rarer, so plain code.
    case 1:
      return ResizeRowsScalar<1>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    case 2:
      return ResizeRowsScalar<2>(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    case 3:
      return HWY_DYNAMIC_DISPATCH(Rows3)(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
    default:
      return HWY_DYNAMIC_DISPATCH(Rows4)(weights, in, in_row_bytes, num_rows, out, out_row_bytes);
  }
}

void ResizeColumns(const ResizeCoefficients& weights, const uint8_t* in, size_t in_row_bytes,
                   size_t row_bytes, uint8_t* out, size_t out_row_bytes) {
  HWY_DYNAMIC_DISPATCH(Columns)(weights, in, in_row_bytes, row_bytes, out, out_row_bytes);
}

}  // namespace headrace::media
#endif  // HWY_ONCE
