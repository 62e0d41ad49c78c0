// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/record_batch.h>
#include <arrow/result.h>
#include <arrow/table.h>

#include <cstdint>
#include <memory>
#include <vector>

namespace headrace {

/// An immutable table of rows: the unit of work, transfer and memory. Cheap to copy (shares its
/// buffers); safe to read from any thread.
class Block {
 public:
  /// No rows, no columns.
  Block();
  explicit Block(std::shared_ptr<arrow::RecordBatch> batch);

  /// Chunks are joined (copied) where a column has several.
  static arrow::Result<Block> FromTable(const arrow::Table& table,
                                        arrow::MemoryPool* pool = arrow::default_memory_pool());

  const std::shared_ptr<arrow::RecordBatch>& batch() const { return batch_; }
  const std::shared_ptr<arrow::Schema>& schema() const { return batch_->schema(); }
  int64_t num_rows() const { return batch_->num_rows(); }
  int num_columns() const { return batch_->num_columns(); }
  /// Bytes of the Arrow buffers that these rows refer to, validity included; a slice counts only
  /// its own rows. Computed on first use by walking the columns.
  int64_t size_bytes() const;

  /// Rows [offset, offset + length), clipped to the block. Shares the buffers.
  Block Slice(int64_t offset, int64_t length) const;

 private:
  std::shared_ptr<arrow::RecordBatch> batch_;
};

/// Rows of all `blocks`, in order, in one block. Schemas are unified first (block/schema.h says
/// how). A single block is returned as it is, several are copied.
arrow::Result<Block> ConcatBlocks(const std::vector<Block>& blocks,
                                  arrow::MemoryPool* pool = arrow::default_memory_pool());

/// Splits `block` into parts of about `max_bytes` (Arrow buffer bytes), keeping row order. One row
/// larger than `max_bytes` is a part of its own, above the limit. Zero-copy.
/// Fails with Invalid if max_bytes <= 0.
arrow::Result<std::vector<Block>> SplitBySize(const Block& block, int64_t max_bytes);

}  // namespace headrace
