// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/partitioning_step.h"

#include <utility>

#include "headrace/compute/partition_rows.h"
#include "headrace/worker/steps/collected_rows.h"

namespace headrace::worker {

Status PartitioningStep::Begin(const TaskInfo&) {
  held_.clear();
  held_bytes_ = 0;
  empty_ = Block();
  put_any_ = false;
  return Status::OK();
}

Status PartitioningStep::Process(Block block, BlockSink& out) {
  if (block.num_rows() == 0) {
    if (empty_.num_columns() == 0) empty_ = std::move(block);
    return Status::OK();
  }
  held_bytes_ += block.size_bytes();
  held_.push_back(std::move(block));
  return held_bytes_ >= flush_bytes_ ? Flush(out) : Status::OK();
}

Status PartitioningStep::Finish(BlockSink& out) {
  if (!held_.empty()) ARROW_RETURN_NOT_OK(Flush(out));
  return put_any_ ? Status::OK() : Send(empty_, TagFor(0), out);
}

Status PartitioningStep::Flush(BlockSink& out) {
  held_bytes_ = 0;
  ARROW_ASSIGN_OR_RAISE(const std::vector<Block> blocks,
                        WithOneSchema(std::exchange(held_, {}), context_.pool));
  std::vector<std::vector<int32_t>> partitions(blocks.size());
  for (size_t i = 0; i < blocks.size(); ++i) {
    ARROW_RETURN_NOT_OK(Assign(blocks[i], &partitions[i]));
  }
  const compute::PartitionedRows rows = compute::PartitionRows(partitions, num_partitions_);
  for (int p = 0; p < num_partitions_; ++p) {
    if (rows.of(p).empty()) continue;
    ARROW_RETURN_NOT_OK(CheckCancelled(context_));
    ARROW_ASSIGN_OR_RAISE(const Block part, compute::GatherRows(blocks, rows.of(p), context_.pool));
    ARROW_RETURN_NOT_OK(Send(part, TagFor(p), out));
  }
  return Status::OK();
}

Status PartitioningStep::Send(const Block& block, const task::ExchangeTag& tag, BlockSink& out) {
  put_any_ = true;
  return out.Put(task::WithTag(block, tag));
}

}  // namespace headrace::worker
