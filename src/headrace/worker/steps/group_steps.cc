// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/group_steps.h"

#include <algorithm>
#include <memory>

#include "headrace/compute/group_aggregate.h"
#include "headrace/task/exchange.h"

namespace headrace::worker {
namespace {

using Specs = std::vector<compute::GroupAggregateSpec>;

// When to judge whether grouping pays, and what does not: states are larger than rows, so that a
// table which saves a third of them costs more than it gives.
constexpr int64_t kRowsToJudge = 100'000;
constexpr double kWorthlessShare = 0.7;
// Of states, where blocks have no target size.
constexpr int64_t kDefaultBytes = 128 << 20;
// Rows that become states one by one at a time.
constexpr int64_t kRowsAtATime = 1 << 20;

class PartialGroupStep final : public Step {
 public:
  PartialGroupStep(std::vector<std::string> keys, Specs specs, int num_partitions,
                   arrow::MemoryPool* pool)
      : keys_(std::move(keys)),
        specs_(std::move(specs)),
        num_partitions_(num_partitions),
        pool_(pool) {}
  Status Begin(const TaskInfo& task) override {
    ARROW_ASSIGN_OR_RAISE(aggregator_, compute::GroupAggregator::Make(keys_, specs_, pool_));
    max_bytes_ = task.target_max_block_size > 0 ? task.target_max_block_size : kDefaultBytes;
    rows_ = 0;
    judged_ = keys_.empty();
    row_by_row_ = false;
    put_any_ = false;
    return Status::OK();
  }
  Status Process(Block block, BlockSink& out) override {
    // A block without columns stands for "nothing known".
    if (block.num_columns() == 0 && block.num_rows() == 0) return Status::OK();
    rows_ += block.num_rows();
    if (row_by_row_) return PutRows(block, 0, out);
    int64_t begin = 0;
    do {  // In parts, so that neither the table nor a wrong choice grows with the block.
      ARROW_RETURN_NOT_OK(aggregator_->Add(block.Slice(begin, kRowsToJudge)));
      begin += kRowsToJudge;
      ARROW_RETURN_NOT_OK(Judge(out));
      if (row_by_row_) return PutRows(block, begin, out);
      if (aggregator_->bytes() > max_bytes_) ARROW_RETURN_NOT_OK(Flush(out));
    } while (begin < block.num_rows());
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    if (aggregator_->rows_added() > 0) ARROW_RETURN_NOT_OK(Flush(out));
    if (put_any_) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(std::vector<Block> parts, aggregator_->FinishStates(1));
    return Send(std::move(parts.front()), 0, out);
  }
  bool sizes_blocks() const override { return true; }
  int64_t rows_consumed() const override { return rows_; }

 private:
  Status Judge(BlockSink& out) {
    if (judged_ || aggregator_->rows_added() < kRowsToJudge) return Status::OK();
    judged_ = true;
    row_by_row_ = static_cast<double>(aggregator_->num_groups()) >
                  kWorthlessShare * static_cast<double>(aggregator_->rows_added());
    return row_by_row_ ? Flush(out) : Status::OK();
  }
  Status PutRows(const Block& block, int64_t begin, BlockSink& out) {
    for (; begin < block.num_rows(); begin += kRowsAtATime) {
      ARROW_ASSIGN_OR_RAISE(
          std::vector<Block> parts,
          aggregator_->StatesOfRows(block.Slice(begin, kRowsAtATime), num_partitions_));
      ARROW_RETURN_NOT_OK(SendAll(std::move(parts), out));
    }
    return Status::OK();
  }
  Status Flush(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(std::vector<Block> parts, aggregator_->FinishStates(num_partitions_));
    return SendAll(std::move(parts), out);
  }
  Status SendAll(std::vector<Block> parts, BlockSink& out) {
    for (size_t p = 0; p < parts.size(); ++p) {
      if (parts[p].num_rows() == 0) continue;
      ARROW_RETURN_NOT_OK(Send(std::move(parts[p]), static_cast<int>(p), out));
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
  const Specs specs_;
  const int num_partitions_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<compute::GroupAggregator> aggregator_;
  int64_t max_bytes_ = 0;
  int64_t rows_ = 0;
  bool judged_ = false;
  bool row_by_row_ = false;
  bool put_any_ = false;
};

class FinalGroupStep final : public Step {
 public:
  FinalGroupStep(std::vector<std::string> keys, Specs specs, arrow::MemoryPool* pool)
      : keys_(std::move(keys)), specs_(std::move(specs)), pool_(pool) {}
  Status Begin(const TaskInfo&) override {
    ARROW_ASSIGN_OR_RAISE(aggregator_, compute::GroupAggregator::Make(keys_, specs_, pool_));
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    if (block.num_columns() == 0 && block.num_rows() == 0) return Status::OK();
    return aggregator_->Merge(block);
  }
  Status Finish(BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(Block values, aggregator_->FinishValues());
    aggregator_.reset();
    return out.Put(std::move(values));
  }

 private:
  const std::vector<std::string> keys_;
  const Specs specs_;
  arrow::MemoryPool* const pool_;
  std::unique_ptr<compute::GroupAggregator> aggregator_;
};

void WriteSpecs(const Specs& specs, WireWriter* out) {
  out->U64(specs.size());
  for (const auto& spec : specs) {
    out->Str(spec.function);
    out->Str(spec.column);
    out->Str(spec.name);
    out->Bool(spec.ignore_nulls);
    out->I64(spec.ddof);
    out->F64(spec.parameter);
  }
}

Specs ReadSpecs(WireReader* in) {
  Specs specs(in->Count());
  for (auto& spec : specs) {
    spec.function = in->Str();
    spec.column = in->Str();
    spec.name = in->Str();
    spec.ignore_nulls = in->Bool();
    spec.ddof = in->I64();
    spec.parameter = in->F64();
  }
  return specs;
}

}  // namespace

Result<std::unique_ptr<Step>> PartialGroupStepSpec::Make(const StepContext& context) const {
  if (num_partitions_ < 1) {
    return Status::Invalid("groups cannot be split into ", num_partitions_, " partitions");
  }
  return std::make_unique<PartialGroupStep>(keys_, specs_, num_partitions_, context.pool);
}
Status PartialGroupStepSpec::Serialize(WireWriter* out) const {
  out->Strs(keys_);
  WriteSpecs(specs_, out);
  out->I64(num_partitions_);
  return Status::OK();
}
Result<StepSpecPtr> PartialGroupStepSpec::Deserialize(WireReader* in) {
  std::vector<std::string> keys = in->Strs();
  Specs specs = ReadSpecs(in);
  return std::make_shared<PartialGroupStepSpec>(std::move(keys), std::move(specs),
                                                static_cast<int>(in->I64()));
}

Result<std::unique_ptr<Step>> FinalGroupStepSpec::Make(const StepContext& context) const {
  return std::make_unique<FinalGroupStep>(keys_, specs_, context.pool);
}
Status FinalGroupStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  out->Strs(keys_);
  WriteSpecs(specs_, out);
  return Status::OK();
}
Result<StepSpecPtr> FinalGroupStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  std::vector<std::string> keys = in->Strs();
  return std::make_shared<FinalGroupStepSpec>(std::move(name), std::move(keys), ReadSpecs(in));
}

}  // namespace headrace::worker
