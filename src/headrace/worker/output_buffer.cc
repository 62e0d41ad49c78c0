// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/output_buffer.h"

#include <utility>

#include "headrace/worker/retained_bytes.h"

namespace headrace::worker {

Status OutputBuffer::Put(Block block) {
  if (block.num_rows() == 0) {
    if (!has_empty_ || empty_.num_columns() == 0) empty_ = std::move(block);
    has_empty_ = true;
    return Status::OK();
  }
  const int64_t bytes = block.size_bytes();
  if (!held_.empty() && (!held_.front().schema()->Equals(*block.schema()) || Passes(bytes))) {
    ARROW_RETURN_NOT_OK(Flush());
  }
  if (held_.empty() && bytes >= sizes_.join_below_bytes) return Send(std::move(block), bytes);
  // Many survivors of a filter, each a few rows of a large block, must not hold all those blocks.
  ARROW_ASSIGN_OR_RAISE(Block small, Compact(block, pool_));
  block = Block();
  held_bytes_ += bytes;
  held_.push_back(std::move(small));
  return held_bytes_ >= sizes_.join_below_bytes ? Flush() : Status::OK();
}

bool OutputBuffer::Passes(int64_t bytes) const {
  return sizes_.target_max_bytes > 0 && held_bytes_ + bytes > sizes_.target_max_bytes;
}

Status OutputBuffer::Flush() {
  if (held_.empty()) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Block joined, ConcatBlocks(held_, pool_));
  held_ = {};
  return Send(std::move(joined), std::exchange(held_bytes_, 0));
}

Status OutputBuffer::Finish() {
  ARROW_RETURN_NOT_OK(Flush());
  if (blocks_out_ > 0 || !has_empty_) return Status::OK();
  ++blocks_out_;
  return out_.Put(empty_);
}

Status OutputBuffer::Send(Block block, int64_t bytes) {
  rows_out_ += block.num_rows();
  bytes_out_ += bytes;
  const double limit = static_cast<double>(sizes_.target_max_bytes) * BlockSizes::kSplitFactor;
  if (sizes_.target_max_bytes <= 0 || static_cast<double>(bytes) <= limit) {
    return HandOn(std::move(block));
  }
  ARROW_ASSIGN_OR_RAISE(std::vector<Block> parts, SplitBySize(block, sizes_.target_max_bytes));
  block = Block();
  // Parts that are copied on their way leave the whole to the last one: it goes with it.
  for (Block& part : parts) ARROW_RETURN_NOT_OK(HandOn(std::move(part)));
  return Status::OK();
}

Status OutputBuffer::HandOn(Block block) {
  ++blocks_out_;
  if (sizes_.compact) {
    ARROW_ASSIGN_OR_RAISE(block, Compact(block, pool_));
  }
  return out_.Put(std::move(block));
}

}  // namespace headrace::worker
