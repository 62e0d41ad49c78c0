// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "headrace/task/exchange.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// First half of a partitioned exchange, but for the partition of a row. Collects `flush_bytes`,
/// then puts out a block per partition that has rows, tagged with it (task::ExchangeTag). A task
/// without rows puts out an empty block tagged with partition 0, which carries the schema.
class PartitioningStep : public Step {
 public:
  PartitioningStep(int num_partitions, int64_t flush_bytes, const StepContext& context)
      : num_partitions_(num_partitions), flush_bytes_(flush_bytes), context_(context) {}
  Status Begin(const TaskInfo& task) override;
  Status Process(Block block, BlockSink& out) override;
  Status Finish(BlockSink& out) override;
  bool sizes_blocks() const override { return true; }

 protected:
  /// The partition of each row of `block`, in [0, num_partitions).
  virtual Status Assign(const Block& block, std::vector<int32_t>* partitions) = 0;
  /// Of the blocks of `partition`.
  virtual task::ExchangeTag TagFor(int partition) const { return {.partition = partition}; }
  /// For what does not go through Process.
  Status Send(const Block& block, const task::ExchangeTag& tag, BlockSink& out);
  int num_partitions() const { return num_partitions_; }
  arrow::MemoryPool* pool() const { return context_.pool; }

 private:
  Status Flush(BlockSink& out);

  const int num_partitions_;
  const int64_t flush_bytes_;
  const StepContext context_;
  std::vector<Block> held_;
  int64_t held_bytes_ = 0;
  Block empty_;  // the first block that knew its columns, if no block had rows
  bool put_any_ = false;
};

}  // namespace headrace::worker
