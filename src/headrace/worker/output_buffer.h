// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/task/task_spec.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Sizes of the blocks that leave a task.
struct BlockSizes {
  /// DataContext.target_min_block_size: below it, a block costs more to handle than to copy.
  static constexpr int64_t kJoinBelowBytes = 1 << 20;
  /// A block may pass the target by this factor before it is split (Ray Data's rule).
  static constexpr double kSplitFactor = 1.5;

  int64_t join_below_bytes = kJoinBelowBytes;  // smaller ones are joined up to it; 0: never
  int64_t target_max_bytes = 0;                // split above kSplitFactor times this; 0: never
  /// Copy blocks that keep much more in memory than they use. Not needed where the output is copied
  /// to another process anyway.
  bool compact = true;
};

/// Gives the output of a task its block sizes. The last stage of every chain. Empty blocks are left
/// out. What it holds back is less than join_below_bytes and never more than the target; one row
/// larger than the target is a block of its own.
class OutputBuffer final : public BlockSink {
 public:
  OutputBuffer(task::TaskOutput& out, BlockSizes sizes, arrow::MemoryPool* pool)
      : out_(out), sizes_(sizes), pool_(pool) {}

  Status Put(Block block) override;
  /// Sends what is held back.
  Status Flush();
  /// Flushes; a task that gave no block at all gives its empty one, which carries the schema.
  Status Finish();

  int64_t rows_out() const { return rows_out_; }
  int64_t bytes_out() const { return bytes_out_; }
  int64_t blocks_out() const { return blocks_out_; }

 private:
  Status Send(Block block, int64_t bytes);
  Status HandOn(Block block);
  /// `bytes` more would make what is held larger than the target.
  bool Passes(int64_t bytes) const;

  task::TaskOutput& out_;
  const BlockSizes sizes_;
  arrow::MemoryPool* const pool_;
  std::vector<Block> held_;
  int64_t held_bytes_ = 0;
  bool has_empty_ = false;
  Block empty_;
  int64_t rows_out_ = 0;
  int64_t bytes_out_ = 0;
  int64_t blocks_out_ = 0;
};

}  // namespace headrace::worker
