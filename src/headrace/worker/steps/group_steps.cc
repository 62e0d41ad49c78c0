// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/group_steps.h"

#include <algorithm>
#include <memory>

#include "headrace/block/schema.h"
#include "headrace/compute/group_aggregate.h"
#include "headrace/worker/steps/collected_rows.h"
#include "headrace/worker/steps/partition_steps.h"
#include "headrace/worker/steps/partitioning_step.h"

namespace headrace::worker {
namespace {

using Specs = std::vector<Aggregation>;

// When to judge whether grouping pays, and what does not: a table that saves less than a third of
// the rows costs more than their way to the second half.
constexpr int64_t kRowsToJudge = 100'000;
constexpr double kWorthlessShare = 0.7;
// Of states, where blocks have no target size.
constexpr int64_t kDefaultBytes = 128 << 20;

class PartialGroupStep final : public PartitioningStep {
 public:
  PartialGroupStep(std::vector<std::string> keys, Specs specs, int num_partitions,
                   int64_t flush_bytes, const StepContext& context)
      : PartitioningStep(num_partitions, flush_bytes, context),
        keys_(std::move(keys)),
        specs_(std::move(specs)) {}
  Status Begin(const TaskInfo& task) override {
    ARROW_ASSIGN_OR_RAISE(aggregator_, compute::GroupAggregator::Make(keys_, specs_, pool()));
    max_bytes_ = task.target_max_block_size > 0 ? task.target_max_block_size : kDefaultBytes;
    rows_ = 0;
    judged_ = keys_.empty();
    sends_rows_ = false;
    return PartitioningStep::Begin(task);
  }
  Status Process(Block block, BlockSink& out) override {
    // A block without columns stands for "nothing known".
    if (SaysNothing(block)) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(block, NeededColumns(block));
    rows_ += block.num_rows();
    // In parts, so that neither the table nor a wrong choice grows with the block.
    int64_t begin = 0;
    for (; begin < block.num_rows() && !sends_rows_; begin += kRowsToJudge) {
      ARROW_RETURN_NOT_OK(aggregator_->Add(block.Slice(begin, kRowsToJudge)));
      ARROW_RETURN_NOT_OK(Judge(out));
      if (aggregator_->bytes() > max_bytes_) ARROW_RETURN_NOT_OK(PutStates(out));
    }
    // Without rows it tells the schema.
    if (begin < block.num_rows() || block.num_rows() == 0) {
      return PartitioningStep::Process(block.Slice(begin, block.num_rows()), out);
    }
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    if (aggregator_->rows_added() > 0) ARROW_RETURN_NOT_OK(PutStates(out));
    return PartitioningStep::Finish(out);
  }
  int64_t rows_consumed() const override { return rows_; }

 private:
  Status Assign(const Block& block, std::vector<int32_t>* partitions) override {
    return AssignByHash(block, keys_, num_partitions(), &hashes_, partitions);
  }
  /// The columns that the aggregation reads. One that is not there is found missing by it.
  Result<Block> NeededColumns(const Block& block) const {
    std::vector<int> columns;
    for (int i = 0; i < block.num_columns(); ++i) {
      const std::string& name = block.schema()->field(i)->name();
      const bool is_key = std::find(keys_.begin(), keys_.end(), name) != keys_.end();
      if (is_key || std::any_of(specs_.begin(), specs_.end(),
                                [&](const auto& spec) { return spec.column == name; })) {
        columns.push_back(i);
      }
    }
    if (columns.empty())
      columns.push_back(0);  // rows are counted, and a block without columns
                             // says nothing
    ARROW_ASSIGN_OR_RAISE(auto batch, block.batch()->SelectColumns(columns));
    return Block(std::move(batch));
  }
  Status Judge(BlockSink& out) {
    if (judged_ || aggregator_->rows_added() < kRowsToJudge) return Status::OK();
    judged_ = true;
    sends_rows_ = static_cast<double>(aggregator_->num_groups()) >
                  kWorthlessShare * static_cast<double>(aggregator_->rows_added());
    return sends_rows_ ? PutStates(out) : Status::OK();
  }
  Status PutStates(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(const std::vector<Block> parts,
                          aggregator_->FinishStates(num_partitions()));
    for (size_t p = 0; p < parts.size(); ++p) {
      if (parts[p].num_rows() == 0) continue;
      ARROW_RETURN_NOT_OK(
          Send(parts[p], {.partition = static_cast<int32_t>(p), .holds_states = true}, out));
    }
    return Status::OK();
  }

  const std::vector<std::string> keys_;
  const Specs specs_;
  std::unique_ptr<compute::GroupAggregator> aggregator_;
  std::vector<uint64_t> hashes_;
  int64_t max_bytes_ = 0;
  int64_t rows_ = 0;
  bool judged_ = false;
  bool sends_rows_ = false;
};

class FinalGroupStep final : public Step {
 public:
  FinalGroupStep(std::vector<std::string> keys, Specs specs, const StepContext& context)
      : keys_(std::move(keys)), specs_(std::move(specs)), context_(context) {}
  Status Begin(const TaskInfo& task) override {
    GiveBackFirstHalf(task, context_);
    partition_ = -1;
    return Renew();
  }
  Status Process(Block block, BlockSink& out) override {
    if (SaysNothing(block)) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const task::ExchangeTag tag, task::TagOf(*block.schema()));
    // One partition after the other: their tables are small and stay in the cache.
    if (tag.partition != partition_ && partition_ >= 0) {
      ARROW_RETURN_NOT_OK(PutValues(out));
      ARROW_RETURN_NOT_OK(Renew());
    }
    partition_ = tag.partition;
    block = task::WithoutTag(block);
    return tag.holds_states ? aggregator_->Merge(block) : aggregator_->Add(block);
  }
  Status Finish(BlockSink& out) override {
    ARROW_RETURN_NOT_OK(PutValues(out));
    aggregator_.reset();
    return Status::OK();
  }

 private:
  Status Renew() {
    return compute::GroupAggregator::Make(keys_, specs_, context_.pool).Value(&aggregator_);
  }
  Status PutValues(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(Block values, aggregator_->FinishValues());
    return out.Put(std::move(values));
  }

  const std::vector<std::string> keys_;
  const Specs specs_;
  const StepContext context_;
  std::unique_ptr<compute::GroupAggregator> aggregator_;
  int32_t partition_ = -1;
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
  return std::make_unique<PartialGroupStep>(keys_, specs_, num_partitions_, flush_bytes_, context);
}
Status PartialGroupStepSpec::Serialize(WireWriter* out) const {
  out->Strs(keys_);
  WriteSpecs(specs_, out);
  out->I64(num_partitions_);
  out->I64(flush_bytes_);
  return Status::OK();
}
Result<StepSpecPtr> PartialGroupStepSpec::Deserialize(WireReader* in) {
  std::vector<std::string> keys = in->Strs();
  Specs specs = ReadSpecs(in);
  const auto num_partitions = static_cast<int>(in->I64());
  return std::make_shared<PartialGroupStepSpec>(std::move(keys), std::move(specs), num_partitions,
                                                in->I64());
}

Result<std::unique_ptr<Step>> FinalGroupStepSpec::Make(const StepContext& context) const {
  return std::make_unique<FinalGroupStep>(keys_, specs_, context);
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
