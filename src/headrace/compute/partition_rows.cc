// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/partition_rows.h"

namespace headrace::compute {

PartitionedRows PartitionRows(const std::vector<std::vector<int32_t>>& partitions,
                              int num_partitions) {
  PartitionedRows out;
  out.begins.assign(static_cast<size_t>(num_partitions) + 1, 0);
  for (const auto& block : partitions) {
    for (const int32_t partition : block) ++out.begins[partition + 1];
  }
  for (int p = 0; p < num_partitions; ++p) out.begins[p + 1] += out.begins[p];
  out.rows.resize(static_cast<size_t>(out.begins.back()));
  std::vector<int64_t> next(out.begins.begin(), out.begins.end() - 1);
  for (size_t block = 0; block < partitions.size(); ++block) {
    for (size_t row = 0; row < partitions[block].size(); ++row) {
      out.rows[next[partitions[block][row]]++] = {static_cast<uint32_t>(block),
                                                  static_cast<uint32_t>(row)};
    }
  }
  return out;
}

}  // namespace headrace::compute
