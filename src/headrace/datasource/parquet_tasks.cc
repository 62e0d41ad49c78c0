// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_tasks.h"

#include <algorithm>

#include "headrace/base/wire.h"

namespace headrace::datasource {
namespace {

void Append(const RowGroupUnit& unit, PackedTask* packed) {
  auto& pieces = packed->task.pieces;
  if (!pieces.empty() && pieces.back().file == unit.file &&
      pieces.back().first + pieces.back().count == unit.row_group) {
    ++pieces.back().count;
  } else {
    pieces.push_back({unit.file, unit.row_group, 1});
  }
  packed->num_rows += unit.num_rows;
  packed->size_bytes += unit.size_bytes;
  packed->heap_bytes = std::max(packed->heap_bytes, unit.heap_bytes);
}

}  // namespace

std::string ParquetTask::Serialize() const {
  WireWriter out;
  out.I64(num_blocks);
  out.U64(pieces.size());
  for (const Piece& piece : pieces) {
    out.I64(piece.file);
    out.I64(piece.first);
    out.I64(piece.count);
  }
  return out.Take();
}

Result<ParquetTask> ParquetTask::Deserialize(std::string_view payload) {
  WireReader in(payload);
  ParquetTask task;
  task.num_blocks = in.I64();
  task.pieces.resize(in.Count());
  for (Piece& piece : task.pieces) {
    piece.file = static_cast<int>(in.I64());
    piece.first = static_cast<int>(in.I64());
    piece.count = static_cast<int>(in.I64());
  }
  ARROW_RETURN_NOT_OK(in.Finish());
  return task;
}

int64_t WantedTasks(int64_t total_bytes, const ReadParallelism& parallelism) {
  if (parallelism.override_num_blocks) return *parallelism.override_num_blocks;
  const int64_t cpus = std::max(1, parallelism.num_cpus);
  int64_t wanted = std::min(2, parallelism.max_tasks_per_cpu) * cpus;
  if (parallelism.target_min_block_size > 0) {
    const int64_t most = std::max(parallelism.max_tasks_per_cpu * cpus, parallelism.min_num_blocks);
    wanted = std::max(wanted, std::min(most, total_bytes / parallelism.target_min_block_size));
  }
  if (parallelism.target_max_block_size > 0) {
    wanted = std::max(wanted, (total_bytes + parallelism.target_max_block_size - 1) /
                                  parallelism.target_max_block_size);
  }
  return wanted;
}

std::vector<PackedTask> PackRowGroups(const std::vector<RowGroupUnit>& units,
                                      const ReadParallelism& parallelism) {
  std::vector<PackedTask> tasks;
  if (units.empty()) return tasks;
  // One byte more for each, so that empty columns (count) are spread by number.
  int64_t left_bytes = static_cast<int64_t>(units.size());
  for (const RowGroupUnit& unit : units) left_bytes += unit.size_bytes;
  const int64_t num_units = static_cast<int64_t>(units.size());
  const int64_t wanted = WantedTasks(left_bytes, parallelism);
  const int64_t num_tasks = std::clamp<int64_t>(wanted, 1, num_units);

  size_t next = 0;
  for (int64_t i = 0; i < num_tasks; ++i) {
    const int64_t later_tasks = num_tasks - i - 1;
    const double share = static_cast<double>(left_bytes) / (later_tasks + 1);
    PackedTask packed;
    int64_t bytes = 0;
    while (next < units.size()) {
      const int64_t unit_bytes = units[next].size_bytes + 1;
      const bool must_take = bytes == 0 || later_tasks == 0;
      const bool others_need_it = static_cast<int64_t>(units.size() - next) <= later_tasks;
      if (!must_take && (others_need_it || bytes + unit_bytes / 2.0 > share)) break;
      Append(units[next++], &packed);
      bytes += unit_bytes;
    }
    left_bytes -= bytes;
    if (parallelism.override_num_blocks) {
      packed.task.num_blocks = wanted / num_tasks + (i < wanted % num_tasks ? 1 : 0);
    }
    tasks.push_back(std::move(packed));
  }
  return tasks;
}

}  // namespace headrace::datasource
