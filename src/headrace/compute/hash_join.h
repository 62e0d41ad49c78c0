// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/gather.h"
#include "headrace/compute/group_table.h"
#include "headrace/compute/join_schema.h"

namespace headrace::compute {

/// Joins blocks of two sides: one is kept and indexed by its keys (built), the other streams past
/// (probes). One thread at a time: AddBuild…, then Probe…, then Finish.
///
/// Order of the result: rows of the probe side as they come, each with its matches in the order in
/// which they were added; at the end the rows of the build side that no row matched, where the join
/// has them. Memory: the build side's blocks, 8 bytes per row of it, and a GroupTable of its keys.
class HashJoin {
 public:
  using Emit = std::function<Status(Block)>;

  /// Which side to build, as far as the type leaves it open by the numbers of rows.
  static bool BuildsLeft(JoinType type, int64_t left_rows, int64_t right_rows);

  /// `builds_left` as BuildsLeft says; fails with Invalid where the type does not allow it, and as
  /// PlanJoin does.
  static Result<std::unique_ptr<HashJoin>> Make(const std::shared_ptr<arrow::Schema>& left,
                                                const std::shared_ptr<arrow::Schema>& right,
                                                const JoinSpec& spec, bool builds_left,
                                                arrow::MemoryPool* pool);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// A block of the build side, with the schema given to Make.
  Status AddBuild(const Block& block);
  /// A block of the other side, with the schema given to Make: calls `emit` for each `max_rows`
  /// rows of the result that it gives. Everything has been built by then.
  Status Probe(const Block& block, int64_t max_rows, const Emit& emit);
  /// Emits what only the end of the input decides. Call once.
  Status Finish(int64_t max_rows, const Emit& emit);
  /// Memory of the index, without the blocks.
  int64_t bytes() const;

 private:
  HashJoin(JoinPlan plan, JoinType type, bool builds_left, arrow::MemoryPool* pool);
  Result<arrow::ArrayVector> KeysOf(const Block& block, bool of_left) const;
  void Index();
  Status ProbeMatches(const Block& block, const std::vector<uint32_t>& groups, int64_t max_rows,
                      const Emit& emit);
  /// A block of the result: row i is probe row `probed[i]` of `block` and row `built[i]` of the
  /// build side; an empty span where that side has no rows, kNoRow where one row has none.
  Status Put(const Block* block, std::span<const RowRef> probed, std::span<const RowRef> built,
             const Emit& emit);

  const JoinPlan plan_;
  const std::shared_ptr<arrow::Schema> schema_;
  const bool builds_left_;
  // What becomes of rows, by side.
  bool emits_pairs_ = false;
  bool emits_matched_probes_ = false;    // once each
  bool emits_unmatched_probes_ = false;  // alone, or with nulls
  bool emits_unmatched_builds_ = false;
  arrow::MemoryPool* const pool_;

  std::vector<Block> built_;
  GroupTable table_;
  std::vector<uint32_t> groups_;  // of every row of built_, kNone for null keys
  bool indexed_ = false;
  // Rows of group g: rows_[begins_[g]] up to rows_[begins_[g + 1]].
  std::vector<RowRef> rows_;
  std::vector<uint64_t> begins_;
  std::vector<uint8_t> matched_;  // by group, where unmatched rows are emitted
};

}  // namespace headrace::compute
