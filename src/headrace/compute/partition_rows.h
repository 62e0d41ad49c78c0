// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "headrace/compute/gather.h"

namespace headrace::compute {

/// Rows of several blocks by the part that each belongs to.
struct PartitionedRows {
  std::vector<RowRef> rows;     // part after part; within a part in the order of the blocks
  std::vector<int64_t> begins;  // part p is rows [begins[p], begins[p + 1])

  int num_partitions() const { return static_cast<int>(begins.size()) - 1; }
  std::span<const RowRef> of(int partition) const {
    return std::span(rows).subspan(begins[partition], begins[partition + 1] - begins[partition]);
  }
};

/// `partitions[b][r]`, in [0, num_partitions), is the part of row r of block b. Two passes over the
/// rows, for GatherRows to copy each part once.
PartitionedRows PartitionRows(const std::vector<std::vector<int32_t>>& partitions,
                              int num_partitions);

}  // namespace headrace::compute
