// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Decodes `count` values of Parquet's RLE/bit-packing hybrid with values of `bit_width` (0..32)
/// bits from `bytes` into `out`. Fails with Invalid when the bytes end too early.
Status DecodeRleHybrid(std::span<const uint8_t> bytes, int bit_width, int64_t count, int32_t* out);

/// True when the bytes start with one run of `value` (one bit wide) that covers `count` values:
/// what the definition levels of a page without nulls look like.
bool IsOneRun(std::span<const uint8_t> bytes, int32_t value, int64_t count);

}  // namespace headrace::datasource
