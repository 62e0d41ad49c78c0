// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::compute {

/// One hash per row of `block` over its `columns`, into `out`. Equal keys have equal hashes in any
/// representation: dictionary or plain, string or large_string, integers of any width and floats
/// with the same value, slices. Null equals null, NaN equals NaN, -0.0 equals 0.0. High and low
/// bits are equally good, so that one place can use the former (PartitionOf) and another the
/// latter. Fails with KeyError for a column that is not there and with TypeError for nested types.
Status HashRows(const Block& block, std::span<const std::string> columns,
                std::vector<uint64_t>* out);

/// Which of `num_partitions` parts a row with `hash` belongs to.
inline int PartitionOf(uint64_t hash, int num_partitions) {
  return static_cast<int>(
      (static_cast<unsigned __int128>(hash) * static_cast<unsigned>(num_partitions)) >> 64);
}

}  // namespace headrace::compute
