// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/block_shaper.h"

#include <algorithm>

#include "headrace/block/schema.h"

namespace headrace::datasource {
namespace {

class ShapingReader final : public BlockReader {
 public:
  ShapingReader(std::unique_ptr<BlockReader> reader, BlockShape shape)
      : reader_(std::move(reader)),
        shape_(shape),
        rows_left_(shape.limit_rows),
        counts_rows_(shape.num_blocks > 0 && shape.num_rows >= 0 && shape.limit_rows < 0) {}

  Result<std::optional<Block>> Next() override {
    while (ready_.empty()) {
      if (ended_ && gathered_.empty()) return std::exchange(empty_, std::nullopt);
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
    int64_t wanted_bytes = std::max<int64_t>(1, shape_.min_bytes);  // 0: any block will do
    if (shape_.num_blocks > 0) {
      const int64_t blocks = counts_rows_ ? 1 : shape_.num_blocks;
      wanted_bytes = shape_.max_bytes > 0 ? blocks * shape_.max_bytes : INT64_MAX;
    }
    while (true) {
      if (counts_rows_ && !gathered_.empty() && part_ < shape_.num_blocks &&
          gathered_rows_ >= RowsOfPart()) {
        return SendPart();
      }
      if (ended_ || gathered_bytes_ >= wanted_bytes) return Flush();
      ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, NextWithinLimit());
      if (!block) {
        ended_ = true;
        reader_.reset();  // gives its files and buffers back
        continue;
      }
      if (block->num_rows() == 0) {
        if (may_be_empty_ && !empty_) empty_ = std::move(block);
        continue;
      }
      const int64_t bytes = block->size_bytes();
      // A large block after a few small rows: those go first instead of being copied with it.
      if (shape_.num_blocks == 0 && bytes >= shape_.min_bytes) ARROW_RETURN_NOT_OK(Flush());
      if (!CanJoin(*block)) ARROW_RETURN_NOT_OK(Flush());
      gathered_rows_ += block->num_rows();
      gathered_.push_back(*std::move(block));
      gathered_bytes_ += bytes;
    }
  }

  /// Whether `block` and those that are gathered have a schema in common. Whether it is an error
  /// when they have none must not depend on their size.
  bool CanJoin(const Block& block) const {
    if (gathered_.empty()) return true;
    const auto& before = gathered_.back().schema();
    return before == block.schema() || before->Equals(*block.schema()) ||
           UnifySchemas({before, block.schema()}).ok();
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

  /// Rows that are still missing from the current one of num_blocks blocks.
  int64_t RowsOfPart() const {
    return shape_.num_rows * (part_ + 1) / shape_.num_blocks - part_rows_;
  }

  /// Sends the next one of num_blocks blocks, whose rows have been gathered.
  Status SendPart() {
    const int64_t rows = RowsOfPart();
    std::vector<Block> part;
    int64_t taken = 0;
    size_t used = 0;
    for (; used < gathered_.size() && taken < rows; ++used) {
      const int64_t take = std::min(gathered_[used].num_rows(), rows - taken);
      part.push_back(gathered_[used].Slice(0, take));
      taken += take;
      if (take < gathered_[used].num_rows()) {
        gathered_[used] = gathered_[used].Slice(take, gathered_[used].num_rows() - take);
        break;
      }
    }
    gathered_.erase(gathered_.begin(), gathered_.begin() + static_cast<ptrdiff_t>(used));
    gathered_rows_ -= taken;
    gathered_bytes_ = 0;
    for (const Block& block : gathered_) gathered_bytes_ += block.size_bytes();
    part_rows_ += taken;
    ++part_;
    if (part.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Block block, ConcatBlocks(part, shape_.pool));
    return PutCut(block, block.size_bytes());
  }

  /// Makes `block` ready, in parts when it is too large.
  Status PutCut(const Block& block, int64_t bytes) {
    if (shape_.max_bytes <= 0 || bytes <= shape_.max_bytes + shape_.max_bytes / 2) {
      ready_.push_back(block);
      return Status::OK();
    }
    ARROW_ASSIGN_OR_RAISE(auto parts, SplitBySize(block, shape_.max_bytes));
    for (Block& part : parts) ready_.push_back(std::move(part));
    return Status::OK();
  }

  Status Flush() {
    if (gathered_.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const Block block, ConcatBlocks(gathered_, shape_.pool));
    const int64_t bytes = gathered_bytes_;
    gathered_.clear();
    gathered_bytes_ = 0;
    part_rows_ += std::exchange(gathered_rows_, 0);
    if (shape_.num_blocks > 0 && ended_ && !counts_rows_) {
      const int64_t parts = std::min(shape_.num_blocks, block.num_rows());
      for (int64_t i = 0; i < parts; ++i) {
        const int64_t begin = block.num_rows() * i / parts;
        ready_.push_back(block.Slice(begin, block.num_rows() * (i + 1) / parts - begin));
      }
      return Status::OK();
    }
    return PutCut(block, bytes);
  }

  std::unique_ptr<BlockReader> reader_;
  const BlockShape shape_;
  int64_t rows_left_;
  const bool counts_rows_;  // the borders of num_blocks blocks are known
  int64_t part_ = 0;        // the one of them that is next
  int64_t part_rows_ = 0;   // that have left
  bool ended_ = false;
  bool may_be_empty_ = true;    // nothing has been given out
  std::optional<Block> empty_;  // the first one without rows, in case that there are no others
  std::vector<Block> gathered_;
  int64_t gathered_bytes_ = 0;
  int64_t gathered_rows_ = 0;
  std::deque<Block> ready_;
};

}  // namespace

BlockShape MakeBlockShape(int64_t num_blocks, int64_t num_rows, const ReadOptions& options) {
  BlockShape shape;
  shape.num_blocks = num_blocks;
  shape.num_rows = num_rows;
  shape.min_bytes = options.target_min_block_size;
  shape.max_bytes = options.target_max_block_size;
  if (shape.max_bytes > 0) shape.min_bytes = std::min(shape.min_bytes, shape.max_bytes);
  shape.limit_rows = options.limit_rows;
  shape.pool = options.pool;
  return shape;
}

int64_t ShapingHeapBytes(int64_t num_blocks, int64_t num_rows, int64_t size_bytes,
                         const ReadParallelism& parallelism) {
  if (num_blocks <= 0) return 0;
  const int64_t blocks = num_rows >= 0 ? 1 : num_blocks;
  const int64_t all = std::max<int64_t>(0, size_bytes);
  return parallelism.target_max_block_size > 0
             ? std::min(all, blocks * parallelism.target_max_block_size)
             : all;
}

std::unique_ptr<BlockReader> ShapeBlocks(std::unique_ptr<BlockReader> reader, BlockShape shape) {
  return std::make_unique<ShapingReader>(std::move(reader), shape);
}

}  // namespace headrace::datasource
