// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// A row group that has to be read.
struct RowGroupUnit {
  int file = 0;
  int row_group = 0;
  int64_t num_rows = 0;
  int64_t size_bytes = 0;  // of the columns that are read, in memory
  int64_t heap_bytes = 0;  // working memory that reading it takes
};

/// Content of a Parquet ReadTask.
struct ParquetTask {
  /// Row groups [first, first + count) of a file.
  struct Piece {
    int file = 0;
    int first = 0;
    int count = 0;
  };
  std::vector<Piece> pieces;
  /// Blocks this task has to yield, because the user asked for a number of blocks; 0: any.
  int64_t num_blocks = 0;

  std::string Serialize() const;
  static Result<ParquetTask> Deserialize(std::string_view payload);
};

struct PackedTask {
  ParquetTask task;
  int64_t num_rows = 0;
  int64_t size_bytes = 0;
  int64_t heap_bytes = 0;  // most of any of its units: they are read one after the other
};

/// Tasks that `total_bytes` in memory should be cut into: as many as override_num_blocks asks for,
/// else enough for tasks of about target_max_block_size and for 2 to 4 tasks per CPU.
int64_t WantedTasks(int64_t total_bytes, const ReadParallelism& parallelism);

/// Cuts `units` (in order) into tasks of similar size, WantedTasks() of them where there are
/// enough row groups. A row group is never cut: with an override above the number of row groups,
/// tasks are told to yield several blocks.
std::vector<PackedTask> PackRowGroups(const std::vector<RowGroupUnit>& units,
                                      const ReadParallelism& parallelism);

}  // namespace headrace::datasource
