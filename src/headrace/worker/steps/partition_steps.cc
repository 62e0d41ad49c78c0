// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/partition_steps.h"

#include <algorithm>
#include <utility>

#include "headrace/block/schema.h"
#include "headrace/compute/hash_rows.h"
#include "headrace/compute/partition_rows.h"
#include "headrace/task/exchange.h"

namespace headrace::worker {
namespace {

class HashPartitionStep final : public Step {
 public:
  HashPartitionStep(std::vector<std::string> keys, int num_partitions, int64_t flush_bytes,
                    arrow::MemoryPool* pool)
      : keys_(std::move(keys)),
        num_partitions_(num_partitions),
        flush_bytes_(flush_bytes),
        pool_(pool) {}
  Status Begin(const TaskInfo&) override {
    held_.clear();
    held_bytes_ = 0;
    empty_ = Block();
    put_any_ = false;
    return Status::OK();
  }
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) {
      if (empty_.num_columns() == 0) empty_ = std::move(block);
      return Status::OK();
    }
    held_bytes_ += block.size_bytes();
    held_.push_back(std::move(block));
    return held_bytes_ >= flush_bytes_ ? Flush(out) : Status::OK();
  }
  Status Finish(BlockSink& out) override {
    if (!held_.empty()) ARROW_RETURN_NOT_OK(Flush(out));
    return put_any_ ? Status::OK() : Send(std::move(empty_), 0, out);
  }
  bool sizes_blocks() const override { return true; }

 private:
  Status Flush(BlockSink& out) {
    std::vector<Block> blocks = std::exchange(held_, {});
    held_bytes_ = 0;
    if (keys_.empty()) {
      ARROW_ASSIGN_OR_RAISE(Block joined, ConcatBlocks(blocks, pool_));
      return Send(std::move(joined), 0, out);
    }
    ARROW_RETURN_NOT_OK(Unify(&blocks));
    std::vector<std::vector<int32_t>> partitions;
    std::vector<uint64_t> hashes;
    for (const Block& block : blocks) {
      ARROW_RETURN_NOT_OK(compute::HashRows(block, keys_, &hashes));
      auto& of_block = partitions.emplace_back(hashes.size());
      for (size_t row = 0; row < hashes.size(); ++row) {
        of_block[row] = compute::PartitionOf(hashes[row], num_partitions_);
      }
    }
    const compute::PartitionedRows rows = compute::PartitionRows(partitions, num_partitions_);
    for (int p = 0; p < num_partitions_; ++p) {
      if (rows.of(p).empty()) continue;
      ARROW_ASSIGN_OR_RAISE(Block part, compute::GatherRows(blocks, rows.of(p), pool_));
      ARROW_RETURN_NOT_OK(Send(std::move(part), p, out));
    }
    return Status::OK();
  }

  /// Blocks are gathered from as one: they get one schema where they differ.
  Status Unify(std::vector<Block>* blocks) {
    const auto& first = blocks->front().schema();
    if (std::all_of(blocks->begin(), blocks->end(),
                    [&](const Block& block) { return block.schema()->Equals(*first, false); })) {
      return Status::OK();
    }
    std::vector<std::shared_ptr<arrow::Schema>> schemas;
    for (const Block& block : *blocks) schemas.push_back(block.schema());
    ARROW_ASSIGN_OR_RAISE(const auto schema, headrace::UnifySchemas(schemas));
    for (Block& block : *blocks) {
      ARROW_ASSIGN_OR_RAISE(block, ConformTo(block, schema, pool_));
    }
    return Status::OK();
  }

  Status Send(Block block, int partition, BlockSink& out) {
    put_any_ = true;
    task::ExchangeTag tag;
    tag.partition = partition;
    return out.Put(task::WithTag(block, tag));
  }

  const std::vector<std::string> keys_;
  const int num_partitions_;
  const int64_t flush_bytes_;
  arrow::MemoryPool* const pool_;
  std::vector<Block> held_;
  int64_t held_bytes_ = 0;
  Block empty_;  // the first block that knew its columns, if no block had rows
  bool put_any_ = false;
};

}  // namespace

Result<std::unique_ptr<Step>> HashPartitionStepSpec::Make(const StepContext& context) const {
  if (num_partitions_ < 1) {
    return Status::Invalid("rows cannot be split into ", num_partitions_, " partitions");
  }
  return std::make_unique<HashPartitionStep>(keys_, num_partitions_, flush_bytes_, context.pool);
}
Status HashPartitionStepSpec::Serialize(WireWriter* out) const {
  out->Strs(keys_);
  out->I64(num_partitions_);
  out->I64(flush_bytes_);
  return Status::OK();
}
Result<StepSpecPtr> HashPartitionStepSpec::Deserialize(WireReader* in) {
  std::vector<std::string> keys = in->Strs();
  const auto num_partitions = static_cast<int>(in->I64());
  return std::make_shared<HashPartitionStepSpec>(std::move(keys), num_partitions, in->I64());
}

}  // namespace headrace::worker
