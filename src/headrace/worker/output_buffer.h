// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/task/task_spec.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Gives the output of a task its block sizes: tiny pieces are joined up to kMinBlockBytes, blocks
/// above 1.5 times the target are split. The last stage of every chain.
class OutputBuffer final : public BlockSink {
 public:
  /// DataContext.target_min_block_size: below it, a block costs more to handle than to copy.
  static constexpr int64_t kMinBlockBytes = 1 << 20;
  /// A block may pass the target by this factor before it is split (Ray Data's rule).
  static constexpr double kSplitFactor = 1.5;

  /// `target_max_bytes` <= 0: never split.
  OutputBuffer(task::TaskOutput& out, int64_t target_max_bytes, arrow::MemoryPool* pool)
      : out_(out), target_max_bytes_(target_max_bytes), pool_(pool) {}

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

  task::TaskOutput& out_;
  const int64_t target_max_bytes_;
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
