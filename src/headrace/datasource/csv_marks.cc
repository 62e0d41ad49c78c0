// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/csv_marks.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "headrace/datasource/csv_marks.cc"
#include <hwy/foreach_target.h>  // includes this file once per instruction set
//
#include <hwy/highway.h>

HWY_BEFORE_NAMESPACE();
namespace headrace::datasource::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Bytes = hn::CappedTag<uint8_t, kCsvStep>;

/// The mask as bits, lane 0 lowest.
template <typename Mask>
HWY_INLINE uint64_t BitsOf(Mask mask) {
  uint64_t bits = 0;
  hn::StoreMaskBits(Bytes(), mask, reinterpret_cast<uint8_t*>(&bits));
  return bits;
}

void Mark(const char* text, size_t num_steps, char delimiter, char quote, CsvMarks* out) {
  const Bytes tag;
  const auto delimiters = hn::Set(tag, static_cast<uint8_t>(delimiter));
  const auto quotes = hn::Set(tag, static_cast<uint8_t>(quote));
  const auto feeds = hn::Set(tag, static_cast<uint8_t>('\n'));
  const auto returns = hn::Set(tag, static_cast<uint8_t>('\r'));
  const auto highest = hn::Set(tag, uint8_t{0x80});
  for (size_t step = 0; step < num_steps; ++step, text += kCsvStep) {
    CsvMarks marks{};
    for (size_t at = 0; at < kCsvStep; at += hn::Lanes(tag)) {
      const auto bytes = hn::LoadU(tag, reinterpret_cast<const uint8_t*>(text) + at);
      const auto ends =
          hn::Or(hn::Eq(bytes, delimiters), hn::Or(hn::Eq(bytes, feeds), hn::Eq(bytes, returns)));
      marks.ends |= BitsOf(ends) << at;
      marks.quotes |= BitsOf(hn::Eq(bytes, quotes)) << at;
      marks.not_ascii |= BitsOf(hn::TestBit(bytes, highest)) << at;
    }
    out[step] = marks;
  }
}

}  // namespace headrace::datasource::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace headrace::datasource {
namespace {

HWY_EXPORT(Mark);

}  // namespace

void MarkCsv(const char* text, size_t num_steps, char delimiter, char quote, CsvMarks* out) {
  HWY_DYNAMIC_DISPATCH(Mark)(text, num_steps, delimiter, quote, out);
}

}  // namespace headrace::datasource
#endif  // HWY_ONCE
