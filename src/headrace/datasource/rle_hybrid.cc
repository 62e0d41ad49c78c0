// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/rle_hybrid.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

namespace headrace::datasource {
namespace {

constexpr int kGroup = 8;  // bit-packed values come in groups of eight

/// One group of kWidth bytes. Reads up to 7 bytes past it.
template <int kWidth>
inline void UnpackGroup(const uint8_t* in, int32_t* out) {
  constexpr uint64_t kMask = (uint64_t{1} << kWidth) - 1;
  if constexpr (kWidth <= 8) {
    uint64_t word = 0;
    std::memcpy(&word, in, sizeof(word));
    for (int i = 0; i < kGroup; ++i) {
      out[i] = static_cast<int32_t>((word >> (i * kWidth)) & kMask);
    }
  } else {
    for (int i = 0; i < kGroup; ++i) {
      uint64_t word = 0;
      std::memcpy(&word, in + i * kWidth / 8, sizeof(word));
      out[i] = static_cast<int32_t>((word >> (i * kWidth % 8)) & kMask);
    }
  }
}

template <int kWidth>
void UnpackGroups(const uint8_t* in, int64_t num_groups, int32_t* out) {
  for (int64_t group = 0; group < num_groups; ++group) {
    UnpackGroup<kWidth>(in, out);
    in += kWidth;
    out += kGroup;
  }
}

using Unpack = void (*)(const uint8_t*, int64_t, int32_t*);

template <size_t... kWidths>
constexpr std::array<Unpack, sizeof...(kWidths)> UnpackTable(std::index_sequence<kWidths...>) {
  return {UnpackGroups<static_cast<int>(kWidths)>...};
}
constexpr auto kUnpack = UnpackTable(std::make_index_sequence<33>());

/// `count` values (a multiple of eight or the end of a page) from `size` bytes that hold them.
void UnpackRun(const uint8_t* in, int64_t size, int bit_width, int64_t count, int32_t* out) {
  // A group may be read with 8 bytes from each of its values' first byte on.
  const int64_t num_groups = count / kGroup;
  const int64_t safe_groups =
      bit_width == 0 ? 0 : std::clamp<int64_t>((size - 8) / bit_width - 1, 0, num_groups);
  kUnpack[bit_width](in, safe_groups, out);
  for (int64_t group = safe_groups; group * kGroup < count; ++group) {
    uint8_t padded[32 + 8] = {};
    const int64_t begin = group * bit_width;
    std::memcpy(padded, in + begin,
                std::min<int64_t>(bit_width, std::max<int64_t>(0, size - begin)));
    int32_t values[kGroup];
    kUnpack[bit_width](padded, 1, values);
    std::copy_n(values, std::min<int64_t>(kGroup, count - group * kGroup), out + group * kGroup);
  }
}

bool ReadVarint(std::span<const uint8_t>* bytes, uint32_t* value) {
  uint64_t result = 0;
  for (int shift = 0; shift < 35; shift += 7) {
    if (bytes->empty()) return false;
    const uint8_t byte = bytes->front();
    *bytes = bytes->subspan(1);
    result |= static_cast<uint64_t>(byte & 0x7F) << shift;
    if ((byte & 0x80) == 0) {
      *value = static_cast<uint32_t>(result);
      return result <= UINT32_MAX;
    }
  }
  return false;
}

}  // namespace

Status DecodeRleHybrid(std::span<const uint8_t> bytes, int bit_width, int64_t count, int32_t* out) {
  if (bit_width < 0 || bit_width > 32) return Status::Invalid("bit width ", bit_width);
  const size_t value_bytes = (bit_width + 7) / 8;
  while (count > 0) {
    uint32_t header = 0;
    if (!ReadVarint(&bytes, &header)) return Status::Invalid("encoded run is cut off");
    if ((header & 1) != 0) {
      const int64_t groups = header >> 1;
      const int64_t values = std::min(count, groups * kGroup);
      // Writers may leave out the bytes of the last group that hold no values.
      const int64_t needed = (values * bit_width + 7) / 8;
      if (values == 0 || static_cast<int64_t>(bytes.size()) < needed) {
        return Status::Invalid("bit-packed run is cut off");
      }
      UnpackRun(bytes.data(), static_cast<int64_t>(bytes.size()), bit_width, values, out);
      bytes =
          bytes.subspan(std::min<size_t>(bytes.size(), static_cast<size_t>(groups * bit_width)));
      out += values;
      count -= values;
    } else {
      const int64_t values = std::min<int64_t>(count, header >> 1);
      if (values == 0 || bytes.size() < value_bytes) return Status::Invalid("run is cut off");
      uint32_t value = 0;
      std::memcpy(&value, bytes.data(), value_bytes);
      bytes = bytes.subspan(value_bytes);
      std::fill_n(out, values, static_cast<int32_t>(value));
      out += values;
      count -= values;
    }
  }
  return Status::OK();
}

bool IsOneRun(std::span<const uint8_t> bytes, int32_t value, int64_t count) {
  uint32_t header = 0;
  if (!ReadVarint(&bytes, &header) || (header & 1) != 0 || bytes.empty()) return false;
  return static_cast<int64_t>(header >> 1) >= count && bytes.front() == value;
}

}  // namespace headrace::datasource
