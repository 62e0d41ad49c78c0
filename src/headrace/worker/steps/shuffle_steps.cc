// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/shuffle_steps.h"

#include <arrow/array/data.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <span>
#include <utility>

#include "headrace/compute/gather.h"
#include "headrace/compute/pool_array.h"
#include "headrace/compute/random_order.h"
#include "headrace/compute/sort_rows.h"
#include "headrace/task/exchange.h"
#include "headrace/worker/steps/collected_rows.h"

namespace headrace::worker {
namespace {

using compute::PoolArray;
using compute::RowRef;

const std::shared_ptr<arrow::Field>& KeyField() {
  static const auto field =
      arrow::field(std::string(kShuffleKeyColumn), arrow::uint64(), /*nullable=*/false);
  return field;
}

/// `block` and a last column of its keys.
Result<Block> WithKeys(const Block& block, std::span<const uint64_t> keys,
                       arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(static_cast<int64_t>(keys.size_bytes()), pool));
  std::copy(keys.begin(), keys.end(), reinterpret_cast<uint64_t*>(values->mutable_data()));
  const auto& batch = *block.batch();
  ARROW_ASSIGN_OR_RAISE(auto schema, batch.schema()->AddField(batch.num_columns(), KeyField()));
  auto columns = batch.column_data();
  columns.push_back(
      arrow::ArrayData::Make(arrow::uint64(), batch.num_rows(), {nullptr, std::move(values)}, 0));
  return Block(arrow::RecordBatch::Make(std::move(schema), batch.num_rows(), std::move(columns)));
}

class ShufflePartitionStep final : public Step {
 public:
  ShufflePartitionStep(uint64_t seed, int num_partitions, int64_t flush_bytes,
                       const StepContext& context)
      : seed_(seed),
        num_partitions_(static_cast<size_t>(num_partitions)),
        flush_bytes_(flush_bytes),
        context_(context) {}

  Status Begin(const TaskInfo& task) override {
    ARROW_ASSIGN_OR_RAISE(next_row_, task::DeserializeFirstRow(task.argument));
    held_.clear();
    held_bytes_ = 0;
    empty_ = Block();
    any_out_ = false;
    return Status::OK();
  }
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) {
      if (empty_.num_columns() == 0) empty_ = std::move(block);
      return Status::OK();
    }
    held_bytes_ += block.size_bytes();
    held_.push_back(std::move(block));
    return held_bytes_ < flush_bytes_ ? Status::OK() : Flush(out);
  }
  Status Finish(BlockSink& out) override {
    if (!held_.empty()) ARROW_RETURN_NOT_OK(Flush(out));
    if (any_out_) return Status::OK();
    Block block = empty_;
    if (block.num_columns() > 0) {
      ARROW_ASSIGN_OR_RAISE(block, WithKeys(block, {}, context_.pool));
    }
    return out.Put(task::WithTag(block, {.partition = 0}));
  }
  bool sizes_blocks() const override { return true; }

 private:
  size_t PartitionOf(uint64_t key) const {
    return static_cast<size_t>((static_cast<unsigned __int128>(key) * num_partitions_) >> 64);
  }

  /// Rows and their keys by partition, in the order they came; those of partition p begin at
  /// begins[p].
  struct Scattered {
    PoolArray<RowRef> rows;
    PoolArray<uint64_t> keys;
    std::vector<int64_t> begins;
  };

  Result<Scattered> Scatter() {
    int64_t num_rows = 0;
    for (const Block& block : held_) num_rows += block.num_rows();
    Scattered out;
    ARROW_ASSIGN_OR_RAISE(out.rows, PoolArray<RowRef>::Make(num_rows, context_.pool));
    ARROW_ASSIGN_OR_RAISE(out.keys, PoolArray<uint64_t>::Make(num_rows, context_.pool));
    out.begins.assign(num_partitions_ + 1, 0);
    for (int64_t i = 0; i < num_rows; ++i) {
      ++out.begins[PartitionOf(compute::ShuffleKey(seed_, next_row_ + i)) + 1];
    }
    for (size_t p = 0; p < num_partitions_; ++p) out.begins[p + 1] += out.begins[p];
    std::vector<int64_t> places(out.begins.begin(), out.begins.end() - 1);
    for (uint32_t block = 0; block < held_.size(); ++block) {
      for (uint32_t row = 0; row < held_[block].num_rows(); ++row) {
        const uint64_t key = compute::ShuffleKey(seed_, next_row_++);
        const int64_t place = places[PartitionOf(key)]++;
        out.rows[place] = {block, row};
        out.keys[place] = key;
      }
    }
    return out;
  }

  Status Flush(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(held_, WithOneSchema(std::move(held_), context_.pool));
    ARROW_ASSIGN_OR_RAISE(const Scattered scattered, Scatter());
    for (size_t p = 0; p < num_partitions_; ++p) {
      const auto begin = static_cast<size_t>(scattered.begins[p]);
      const size_t size = static_cast<size_t>(scattered.begins[p + 1]) - begin;
      if (size == 0) continue;
      ARROW_RETURN_NOT_OK(CheckCancelled(context_));
      ARROW_ASSIGN_OR_RAISE(
          Block part,
          compute::GatherRows(held_, scattered.rows.span().subspan(begin, size), context_.pool));
      ARROW_ASSIGN_OR_RAISE(
          part, WithKeys(part, scattered.keys.span().subspan(begin, size), context_.pool));
      any_out_ = true;
      ARROW_RETURN_NOT_OK(out.Put(task::WithTag(part, {.partition = static_cast<int32_t>(p)})));
    }
    held_.clear();
    held_bytes_ = 0;
    return Status::OK();
  }

  const uint64_t seed_;
  const size_t num_partitions_;
  const int64_t flush_bytes_;
  const StepContext context_;
  int64_t next_row_ = 0;
  std::vector<Block> held_;
  int64_t held_bytes_ = 0;
  Block empty_;  // a schema, for a task without rows
  bool any_out_ = false;
};

class ShuffleMergeStep final : public Step {
 public:
  explicit ShuffleMergeStep(const StepContext& context) : context_(context) {}

  Status Begin(const TaskInfo& task) override {
    GiveBackFirstHalf(task, context_);
    target_bytes_ = task.target_max_block_size;
    keys_.clear();
    blocks_.clear();
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    const auto& batch = block.batch();
    const int last = batch->num_columns() - 1;
    if (last < 0) return Status::OK();  // of a task that did not even know its columns
    if (batch->schema()->field(last)->name() != kShuffleKeyColumn) {
      return Status::Invalid("A block of a shuffle has no column '", kShuffleKeyColumn, "'");
    }
    keys_.emplace_back(arrow::RecordBatch::Make(arrow::schema({KeyField()}), batch->num_rows(),
                                                {batch->column_data(last)}));
    ARROW_ASSIGN_OR_RAISE(auto rest, batch->RemoveColumn(last));
    blocks_.push_back(task::WithoutTag(Block(std::move(rest))));
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    if (blocks_.empty()) return out.Put(Block());
    ARROW_ASSIGN_OR_RAISE(blocks_, WithOneSchema(std::move(blocks_), context_.pool));
    ARROW_RETURN_NOT_OK(CheckCancelled(context_));
    const SortColumn by_key{std::string(kShuffleKeyColumn)};
    ARROW_ASSIGN_OR_RAISE(const auto rows,
                          compute::SortRows(keys_, std::span(&by_key, 1), -1, context_.pool));
    ARROW_RETURN_NOT_OK(PutRows(blocks_, rows, target_bytes_, context_, out));
    keys_.clear();
    blocks_.clear();
    return Status::OK();
  }

 private:
  const StepContext context_;
  int64_t target_bytes_ = 0;
  std::vector<Block> keys_;    // the key column of each block
  std::vector<Block> blocks_;  // the others
};

}  // namespace

Result<std::unique_ptr<Step>> ShufflePartitionStepSpec::Make(const StepContext& context) const {
  if (num_partitions_ <= 0) {
    return Status::Invalid("A shuffle needs a partition, got ", num_partitions_);
  }
  return std::make_unique<ShufflePartitionStep>(seed_, num_partitions_, flush_bytes_, context);
}
Status ShufflePartitionStepSpec::Serialize(WireWriter* out) const {
  out->U64(seed_);
  out->I64(num_partitions_);
  out->I64(flush_bytes_);
  return Status::OK();
}
Result<StepSpecPtr> ShufflePartitionStepSpec::Deserialize(WireReader* in) {
  const uint64_t seed = in->U64();
  const auto num_partitions = static_cast<int>(in->I64());
  return std::make_shared<ShufflePartitionStepSpec>(seed, num_partitions, in->I64());
}

Result<std::unique_ptr<Step>> ShuffleMergeStepSpec::Make(const StepContext& context) const {
  return std::make_unique<ShuffleMergeStep>(context);
}
Status ShuffleMergeStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  return Status::OK();
}
Result<StepSpecPtr> ShuffleMergeStepSpec::Deserialize(WireReader* in) {
  return std::make_shared<ShuffleMergeStepSpec>(in->Str());
}

}  // namespace headrace::worker
