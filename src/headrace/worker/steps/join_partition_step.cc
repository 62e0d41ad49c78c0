// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/join_partition_step.h"

#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <utility>

#include "headrace/block/compute_functions.h"
#include "headrace/worker/steps/partition_steps.h"
#include "headrace/worker/steps/partitioning_step.h"

namespace headrace::worker {
namespace {

using Side = JoinPartitionStepSpec::Side;

/// `block` with those of `columns` that are dictionaries of text as plain text.
Result<Block> WithPlainText(Block block, const std::vector<std::string>& columns,
                            arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  arrow::compute::ExecContext context(pool);
  std::shared_ptr<arrow::RecordBatch> batch = block.batch();
  for (const std::string& name : columns) {
    const int index = batch->schema()->GetFieldIndex(name);
    if (index < 0 || batch->column(index)->type_id() != arrow::Type::DICTIONARY) continue;
    const auto& type = static_cast<const arrow::DictionaryType&>(*batch->column(index)->type());
    ARROW_ASSIGN_OR_RAISE(auto text,
                          arrow::compute::Cast(*batch->column(index), type.value_type(),
                                               arrow::compute::CastOptions::Safe(), &context));
    const auto field = batch->schema()->field(index)->WithType(type.value_type());
    ARROW_ASSIGN_OR_RAISE(batch, batch->SetColumn(index, field, std::move(text)));
  }
  return Block(std::move(batch));
}

class JoinPartitionStep final : public PartitioningStep {
 public:
  JoinPartitionStep(std::array<Side, 2> sides, std::optional<int32_t> side, int num_partitions,
                    int64_t flush_bytes, const StepContext& context)
      : PartitioningStep(num_partitions, flush_bytes, context),
        sides_(std::move(sides)),
        side_of_all_(side) {}

  Status Begin(const TaskInfo& task) override {
    input_ = {side_of_all_.value_or(0), true};
    if (!side_of_all_.has_value()) {
      ARROW_ASSIGN_OR_RAISE(input_, task::JoinInput::Deserialize(task.argument));
      if (input_.side != 0 && input_.side != 1) {
        return Status::Invalid("a join has two sides, none is ", input_.side);
      }
    }
    return PartitioningStep::Begin(task);
  }
  Status Process(Block block, BlockSink& out) override {
    if (!input_.partition) return Send(block, {.side = input_.side}, out);
    ARROW_ASSIGN_OR_RAISE(block, WithPlainText(std::move(block), side().text_columns, pool()));
    return PartitioningStep::Process(std::move(block), out);
  }
  Status Finish(BlockSink& out) override {
    return input_.partition ? PartitioningStep::Finish(out) : Status::OK();
  }

 private:
  const Side& side() const { return sides_[static_cast<size_t>(input_.side)]; }
  Status Assign(const Block& block, std::vector<int32_t>* partitions) override {
    return AssignByHash(block, side().keys, num_partitions(), &hashes_, partitions);
  }
  task::ExchangeTag TagFor(int partition) const override {
    return {.partition = partition, .side = input_.side};
  }

  const std::array<Side, 2> sides_;
  const std::optional<int32_t> side_of_all_;
  task::JoinInput input_;
  std::vector<uint64_t> hashes_;
};

}  // namespace

Result<std::unique_ptr<Step>> JoinPartitionStepSpec::Make(const StepContext& context) const {
  if (num_partitions_ < 1) {
    return Status::Invalid("rows cannot be split into ", num_partitions_, " partitions");
  }
  return std::make_unique<JoinPartitionStep>(sides_, side_, num_partitions_, flush_bytes_, context);
}

Status JoinPartitionStepSpec::Serialize(WireWriter* out) const {
  for (const Side& side : sides_) {
    out->Strs(side.keys);
    out->Strs(side.text_columns);
  }
  out->I64(side_.value_or(-1));
  out->I64(num_partitions_);
  out->I64(flush_bytes_);
  return Status::OK();
}

Result<StepSpecPtr> JoinPartitionStepSpec::Deserialize(WireReader* in) {
  std::array<Side, 2> sides;
  for (Side& side : sides) {
    side.keys = in->Strs();
    side.text_columns = in->Strs();
  }
  std::optional<int32_t> side = static_cast<int32_t>(in->I64());
  if (*side < 0) side.reset();
  const auto num_partitions = static_cast<int>(in->I64());
  return std::make_shared<JoinPartitionStepSpec>(std::move(sides), side, num_partitions, in->I64());
}

}  // namespace headrace::worker
