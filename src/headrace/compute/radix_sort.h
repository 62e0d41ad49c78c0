// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

namespace headrace::compute {

/// Orders `values` by their bits [low_bit, low_bit + num_bits), values with the same ones as they
/// were. `scratch` is as large as `values`.
void RadixSort(std::span<uint64_t> values, std::span<uint64_t> scratch, int low_bit, int num_bits);

}  // namespace headrace::compute
