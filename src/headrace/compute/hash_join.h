// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/gather.h"
#include "headrace/compute/group_table.h"
#include "headrace/compute/join_schema.h"

namespace headrace::compute {

/// Joins blocks of two sides: one is kept and indexed by its keys (built), the other streams past
/// (probes). AddBuild… and EndBuild by one thread; from then on it does not change, and any number
/// of threads may probe it, each with matches of its own: Probe…, then Finish.
///
/// Order of the result: rows of the probe side as they come, each with its matches in the order in
/// which they were added; at the end the rows of the build side that no row matched, where the join
/// has them. Memory: the build side's blocks, 8 bytes per row of it, and a GroupTable of its keys.
class HashJoin {
 public:
  using Emit = std::function<Status(Block)>;
  /// Which keys of the build side have been met, where the join asks for the others at the end.
  using Matches = std::vector<uint8_t>;

  /// Which side to build, as far as the type leaves it open by the numbers of rows.
  static bool BuildsLeft(JoinType type, int64_t left_rows, int64_t right_rows);

  /// `builds_left` as BuildsLeft says; fails with Invalid where the type does not allow it, and as
  /// PlanJoin does.
  static Result<std::unique_ptr<HashJoin>> Make(const std::shared_ptr<arrow::Schema>& left,
                                                const std::shared_ptr<arrow::Schema>& right,
                                                const JoinSpec& spec, bool builds_left);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// A block of the build side, with the schema given to Make.
  Status AddBuild(const Block& block);
  /// Indexes what was added. Call once.
  void EndBuild();
  /// A block of the other side, with the schema given to Make: calls `emit` for each `max_rows`
  /// rows of the result that it gives, whose memory is from `pool`. Rows of `block` that follow one
  /// another in the result share its buffers.
  Status Probe(const Block& block, int64_t max_rows, arrow::MemoryPool* pool, Matches* matches,
               const Emit& emit) const;
  /// Emits what only the end of the input decides.
  Status Finish(const Matches& matches, int64_t max_rows, arrow::MemoryPool* pool,
                const Emit& emit) const;
  /// Memory of the index, without the blocks.
  int64_t bytes() const;

 private:
  HashJoin(JoinPlan plan, JoinType type, bool builds_left);
  Result<arrow::ArrayVector> KeysOf(const Block& block, bool of_left) const;
  /// Place of the first row of a group among the rows of all, and behind its last.
  std::pair<uint64_t, uint64_t> RowsOf(uint64_t group) const {
    if (begins_.empty()) return {group, group + 1};
    return {begins_[group], begins_[group + 1]};
  }
  RowRef RowAt(uint64_t place) const {
    return rows_.empty() ? RowRef{0, static_cast<uint32_t>(place)} : rows_[place];
  }
  /// The rows of `block` from `probed`, which is in their order.
  Result<Block> GatherProbed(const Block& block, std::span<const RowRef> probed,
                             arrow::MemoryPool* pool) const;
  /// A block of the result: row i is probe row `probed[i]` of `block` and row `built[i]` of the
  /// build side; an empty span where that side has no rows, kNoRow where one row has none.
  Status Put(const Block* block, std::span<const RowRef> probed, std::span<const RowRef> built,
             arrow::MemoryPool* pool, const Emit& emit) const;

  const JoinPlan plan_;
  const std::shared_ptr<arrow::Schema> schema_;
  const bool builds_left_;
  // What becomes of rows, by side.
  bool emits_pairs_ = false;
  bool emits_matched_probes_ = false;    // once each
  bool emits_unmatched_probes_ = false;  // alone, or with nulls
  bool emits_unmatched_builds_ = false;

  std::vector<Block> built_;
  GroupTable table_;
  std::vector<uint32_t> groups_;  // of every row of built_, kNone for null keys
  // Rows of group g: rows_[begins_[g]] up to rows_[begins_[g + 1]]. Where no key has more than one
  // row begins_ is empty and it is rows_[g], or, if all are in one block, its row g.
  std::vector<RowRef> rows_;
  std::vector<uint64_t> begins_;
};

}  // namespace headrace::compute
