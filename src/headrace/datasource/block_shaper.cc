// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/block_shaper.h"

#include <algorithm>

namespace headrace::datasource {
namespace {

class ShapingReader final : public BlockReader {
 public:
  ShapingReader(std::unique_ptr<BlockReader> reader, BlockShape shape)
      : reader_(std::move(reader)), shape_(shape), rows_left_(shape.limit_rows) {}

  Result<std::optional<Block>> Next() override {
    while (ready_.empty()) {
      if (ended_) return std::exchange(empty_, std::nullopt);
      ARROW_RETURN_NOT_OK(Fill());
    }
    empty_.reset();
    may_be_empty_ = false;
    Block block = std::move(ready_.front());
    ready_.pop_front();
    return block;
  }

 private:
  /// Gathers until there is enough for a block, or the end.
  Status Fill() {
    int64_t wanted_bytes = kMinReadBlockBytes;
    if (shape_.num_blocks > 0) {
      // The wish for a number of blocks gives way to the limit on their size.
      wanted_bytes = shape_.max_bytes > 0 ? shape_.num_blocks * shape_.max_bytes : INT64_MAX;
    }
    while (!ended_ && gathered_bytes_ < wanted_bytes) {
      ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, NextWithinLimit());
      if (!block) {
        ended_ = true;
        reader_.reset();  // gives its files and buffers back
        break;
      }
      if (block->num_rows() == 0) {
        if (may_be_empty_ && !empty_) empty_ = std::move(block);
        continue;
      }
      const int64_t bytes = block->size_bytes();
      // A large block after a few small rows: those go first instead of being copied with it.
      if (shape_.num_blocks == 0 && bytes >= kMinReadBlockBytes) ARROW_RETURN_NOT_OK(Flush());
      gathered_.push_back(*std::move(block));
      gathered_bytes_ += bytes;
    }
    return Flush();
  }

  Result<std::optional<Block>> NextWithinLimit() {
    if (rows_left_ == 0) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, reader_->Next());
    if (block && rows_left_ > 0) {
      if (block->num_rows() > rows_left_) block = block->Slice(0, rows_left_);
      rows_left_ -= block->num_rows();
    }
    return block;
  }

  Status Flush() {
    if (gathered_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Block block, ConcatBlocks(gathered_, shape_.pool));
    const int64_t bytes = gathered_bytes_;
    gathered_.clear();
    gathered_bytes_ = 0;
    if (shape_.num_blocks > 0 && ended_) {
      const int64_t parts = std::min(shape_.num_blocks, block.num_rows());
      for (int64_t i = 0; i < parts; ++i) {
        const int64_t begin = block.num_rows() * i / parts;
        ready_.push_back(block.Slice(begin, block.num_rows() * (i + 1) / parts - begin));
      }
    } else if (shape_.max_bytes > 0 && bytes > shape_.max_bytes + shape_.max_bytes / 2) {
      ARROW_ASSIGN_OR_RAISE(auto parts, SplitBySize(block, shape_.max_bytes));
      for (Block& part : parts) ready_.push_back(std::move(part));
    } else {
      ready_.push_back(block);
    }
    return Status::OK();
  }

  std::unique_ptr<BlockReader> reader_;
  const BlockShape shape_;
  int64_t rows_left_;
  bool ended_ = false;
  bool may_be_empty_ = true;    // nothing has been given out
  std::optional<Block> empty_;  // the first one without rows, in case that there are no others
  std::vector<Block> gathered_;
  int64_t gathered_bytes_ = 0;
  std::deque<Block> ready_;
};

}  // namespace

std::unique_ptr<BlockReader> ShapeBlocks(std::unique_ptr<BlockReader> reader, BlockShape shape) {
  return std::make_unique<ShapingReader>(std::move(reader), shape);
}

}  // namespace headrace::datasource
