// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/join_step.h"

#include <arrow/type.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "headrace/block/schema.h"
#include "headrace/compute/hash_join.h"
#include "headrace/task/exchange.h"
#include "headrace/worker/steps/collected_rows.h"

namespace headrace::worker {
namespace {

/// The blocks of one side, with one schema.
struct Side {
  std::vector<Block> blocks;
  std::shared_ptr<arrow::Schema> schema;

  int64_t num_rows() const {
    int64_t rows = 0;
    for (const Block& block : blocks) rows += block.num_rows();
    return rows;
  }
  int64_t size_bytes() const {
    int64_t bytes = 0;
    for (const Block& block : blocks) bytes += block.size_bytes();
    return bytes;
  }
  int64_t bytes_per_row() const { return size_bytes() / std::max<int64_t>(1, num_rows()); }
};

class JoinStep final : public Step {
 public:
  JoinStep(compute::JoinSpec join, int build_side, std::shared_ptr<SharedBuild> shared,
           const StepContext& context)
      : join_(std::move(join)),
        build_side_(build_side),
        shared_(std::move(shared)),
        context_(context) {}
  Status Begin(const TaskInfo& task) override {
    ARROW_ASSIGN_OR_RAISE(const std::vector<int64_t> counts,
                          task::DeserializeBlockCounts(task.argument));
    if (counts.size() != 2) {
      return Status::Invalid("a join has two sides, not ", counts.size());
    }
    left_blocks_ = counts.front();
    target_bytes_ = task.target_max_block_size > 0
                        ? std::min(task.target_max_block_size, kGatheredBytes)
                        : kGatheredBytes;
    is_broadcast_ = false;
    left_ = {};
    right_ = {};
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    Side& side = left_blocks_ > 0 ? left_ : right_;
    --left_blocks_;
    ARROW_ASSIGN_OR_RAISE(const task::ExchangeTag tag, task::TagOf(*block.schema()));
    is_broadcast_ |= tag.partition < 0;
    side.blocks.push_back(task::WithoutTag(block));
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    Side left = std::exchange(left_, {});
    Side right = std::exchange(right_, {});
    ARROW_RETURN_NOT_OK(Unify(join_.left_on, &left));
    ARROW_RETURN_NOT_OK(Unify(join_.right_on, &right));
    const bool builds_left = is_broadcast_ ? build_side_ == 0
                                           : compute::HashJoin::BuildsLeft(
                                                 join_.type, left.num_rows(), right.num_rows());
    const int64_t row_bytes = std::max<int64_t>(1, left.bytes_per_row() + right.bytes_per_row());
    const int64_t max_rows = std::max<int64_t>(1, target_bytes_ / row_bytes);
    const auto build = [&] { return Build(left, right, builds_left); };
    ARROW_ASSIGN_OR_RAISE(const auto join, is_broadcast_ ? shared_->Get(build) : build());
    bool put_any = false;
    const auto emit = [&](Block block) -> Status {
      ARROW_RETURN_NOT_OK(CheckCancelled(context_));
      put_any = true;
      return out.full() ? Status::OK() : out.Put(std::move(block));
    };
    compute::HashJoin::Matches matches;
    for (Block& block : builds_left ? right.blocks : left.blocks) {
      if (out.full()) return Status::OK();
      ARROW_RETURN_NOT_OK(
          join->Probe(std::exchange(block, Block()), max_rows, context_.pool, &matches, emit));
    }
    ARROW_RETURN_NOT_OK(join->Finish(matches, max_rows, context_.pool, emit));
    if (put_any) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(join->schema(), context_.pool));
    return out.Put(Block(std::move(empty)));
  }

 private:
  Result<std::shared_ptr<const compute::HashJoin>> Build(const Side& left, const Side& right,
                                                         bool builds_left) const {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<compute::HashJoin> join,
                          compute::HashJoin::Make(left.schema, right.schema, join_, builds_left));
    const std::vector<Block>& blocks = builds_left ? left.blocks : right.blocks;
    if (is_broadcast_ && blocks.size() > 1) {
      // Every row of the other side looks here: one block has one dictionary per column.
      arrow::RecordBatchVector batches;
      for (const Block& block : blocks) batches.push_back(block.batch());
      ARROW_ASSIGN_OR_RAISE(auto whole, arrow::ConcatenateRecordBatches(batches));
      ARROW_RETURN_NOT_OK(join->AddBuild(Block(std::move(whole))));
    } else {
      for (const Block& block : blocks) ARROW_RETURN_NOT_OK(join->AddBuild(block));
    }
    join->EndBuild();
    return join;
  }

  /// One schema for all blocks of a side.
  Status Unify(const std::vector<std::string>& keys, Side* side) {
    std::erase_if(side->blocks, [](const Block& block) { return block.num_columns() == 0; });
    if (side->blocks.empty()) {
      arrow::FieldVector fields;
      for (const std::string& key : keys) fields.push_back(arrow::field(key, arrow::null()));
      side->schema = arrow::schema(std::move(fields));
      return Status::OK();
    }
    side->schema = side->blocks.front().schema();
    const auto same = [&](const Block& block) {
      return block.schema()->Equals(*side->schema, /*check_metadata=*/false);
    };
    if (std::all_of(side->blocks.begin(), side->blocks.end(), same)) return Status::OK();
    std::vector<std::shared_ptr<arrow::Schema>> schemas;
    for (const Block& block : side->blocks) schemas.push_back(block.schema());
    ARROW_ASSIGN_OR_RAISE(side->schema, headrace::UnifySchemas(schemas));
    for (Block& block : side->blocks) {
      ARROW_ASSIGN_OR_RAISE(block, ConformTo(block, side->schema, context_.pool));
    }
    return Status::OK();
  }

  const compute::JoinSpec join_;
  const int build_side_;  // of a broadcast
  const std::shared_ptr<SharedBuild> shared_;
  const StepContext context_;
  int64_t left_blocks_ = 0;  // still to come
  int64_t target_bytes_ = 0;
  bool is_broadcast_ = false;
  Side left_;
  Side right_;
};

void WriteSuffix(const std::optional<std::string>& suffix, WireWriter* out) {
  out->Bool(suffix.has_value());
  out->Str(suffix.value_or(""));
}

std::optional<std::string> ReadSuffix(WireReader* in) {
  const bool is_there = in->Bool();
  std::string suffix = in->Str();
  return is_there ? std::optional(std::move(suffix)) : std::nullopt;
}

}  // namespace

Result<std::unique_ptr<Step>> JoinStepSpec::Make(const StepContext& context) const {
  return std::make_unique<JoinStep>(join_, build_side_, shared_, context);
}
Status JoinStepSpec::Serialize(WireWriter* out) const {
  out->Str(compute::ToString(join_.type));
  out->Strs(join_.left_on);
  out->Strs(join_.right_on);
  WriteSuffix(join_.left_suffix, out);
  WriteSuffix(join_.right_suffix, out);
  out->I64(build_side_);
  return Status::OK();
}
Result<StepSpecPtr> JoinStepSpec::Deserialize(WireReader* in) {
  compute::JoinSpec join;
  ARROW_ASSIGN_OR_RAISE(join.type, compute::ParseJoinType(in->Str()));
  join.left_on = in->Strs();
  join.right_on = in->Strs();
  join.left_suffix = ReadSuffix(in);
  join.right_suffix = ReadSuffix(in);
  return std::make_shared<JoinStepSpec>(std::move(join), static_cast<int>(in->I64()));
}

}  // namespace headrace::worker
