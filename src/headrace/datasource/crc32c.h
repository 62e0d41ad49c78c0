// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace headrace::datasource {

/// CRC-32C (Castagnoli) of `bytes`, with the processor's instruction where there is one.
uint32_t Crc32c(std::string_view bytes);
/// The same from tables, for every processor.
uint32_t Crc32cPortable(std::string_view bytes);

}  // namespace headrace::datasource
