// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/block.h"
#include "headrace/store/object_store.h"

namespace headrace::task {

/// Handle to a block in the store, or to a slice of its rows: slicing touches no data.
struct BlockRef {
  store::ObjectRef object;
  int64_t num_rows = 0;    // of the slice
  int64_t size_bytes = 0;  // of the slice, estimated from the share of rows
  int64_t offset = 0;      // first row of the slice
  bool whole = true;       // the slice is the whole block

  /// The rows, brought back from disk if need be. Shares the object's buffers, and each of them
  /// keeps the object from being spilled, in whatever block or array it goes on.
  Result<Block> Load() const;
  /// Of the rows. Brings nothing back.
  std::shared_ptr<arrow::Schema> schema() const;
  /// Its schema, as a block.
  BlockRef WithoutRows() const {
    BlockRef empty = *this;
    empty.num_rows = empty.size_bytes = 0;
    empty.whole = false;
    return empty;
  }
};

/// The schema that the blocks have in common; without fields when none of them has any. Brings
/// nothing back. Fails when they do not go together.
Result<std::shared_ptr<arrow::Schema>> SchemaOf(const std::vector<BlockRef>& blocks);

/// How many of the blocks that come next are brought back from disk meanwhile. A disk that reads
/// one while another is used is busy all the time; the store bounds the bytes.
inline constexpr int kBlocksAhead = 4;

/// Asks the store to bring the first few of [begin, end) back, if it has room for them.
template <typename Iterator>
void PrefetchBlocks(Iterator begin, Iterator end) {
  for (int i = 0; i < kBlocksAhead && begin != end; ++i, ++begin) {
    if (!begin->object->resident()) begin->object->store()->Prefetch(begin->object);
  }
}

/// Ordered list of block handles: what operators exchange.
class RefBundle {
 public:
  RefBundle() = default;
  explicit RefBundle(BlockRef block) { Append(std::move(block)); }
  explicit RefBundle(std::vector<BlockRef> blocks) {
    for (auto& block : blocks) Append(std::move(block));
  }

  const std::vector<BlockRef>& blocks() const { return blocks_; }
  int64_t num_rows() const { return num_rows_; }
  int64_t size_bytes() const { return size_bytes_; }
  bool empty() const { return blocks_.empty(); }

  /// What only the task over these blocks needs to know, beside the blocks: which part of an
  /// exchange it makes. Its meaning is between the operator that wrote it and the step that reads
  /// it (TaskInfo::argument). A bundle with an argument goes to a task of its own.
  const std::string& argument() const { return argument_; }
  void set_argument(std::string argument) { argument_ = std::move(argument); }

  void Append(BlockRef block);
  void Append(RefBundle other);
  /// Rows [offset, offset + length). Metadata only.
  RefBundle Slice(int64_t offset, int64_t length) const;

 private:
  std::vector<BlockRef> blocks_;
  std::string argument_;
  int64_t num_rows_ = 0;
  int64_t size_bytes_ = 0;
};

/// Puts `block` into `store`.
BlockRef PutBlock(store::ObjectStore& store, Block block);

/// A store for blocks. See ObjectStore::Make.
std::shared_ptr<store::ObjectStore> MakeBlockStore(
    int64_t limit_bytes, store::SpillOptions spill = {},
    std::shared_ptr<store::MemoryLedger> ceiling = nullptr);

}  // namespace headrace::task
