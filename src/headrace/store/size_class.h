// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <bit>
#include <cstdint>

namespace headrace::store {

/// The capacity in which pools keep pieces for `bytes`: steps of an eighth of the power of two
/// below, so that at most 12.5 % is wasted and pieces of nearly one size can stand in for each
/// other. At least `min_capacity`, a power of two.
inline int64_t SizeClass(int64_t bytes, int64_t min_capacity) {
  if (bytes <= min_capacity) return min_capacity;
  const auto step = static_cast<int64_t>(std::bit_floor(static_cast<uint64_t>(bytes - 1)) / 8);
  return (bytes + step - 1) / step * step;
}

}  // namespace headrace::store
