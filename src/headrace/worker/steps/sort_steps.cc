// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/sort_steps.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "headrace/block/schema.h"
#include "headrace/compute/merge_runs.h"
#include "headrace/compute/sort_rows.h"
#include "headrace/task/exchange.h"
#include "headrace/worker/steps/collected_rows.h"
#include "headrace/worker/steps/sort_columns_wire.h"

namespace headrace::worker {
namespace {

class SortRunStep final : public Step {
 public:
  SortRunStep(std::vector<SortColumn> keys, int64_t run_bytes, int64_t limit,
              const StepContext& context)
      : keys_(std::move(keys)), run_bytes_(run_bytes), limit_(limit), context_(context) {}

  Status Begin(const TaskInfo&) override {
    Clear();
    empty_ = Block();
    any_out_ = false;
    return Status::OK();
  }
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) {
      if (SaysNothing(empty_)) empty_ = std::move(block);
      return Status::OK();
    }
    held_bytes_ += block.size_bytes();
    held_rows_ += block.num_rows();
    held_.push_back(std::move(block));
    return held_bytes_ < run_bytes_ ? Status::OK() : SortHeld(out);
  }
  Status Finish(BlockSink& out) override {
    if (!held_.empty()) ARROW_RETURN_NOT_OK(PutRun(out));
    return any_out_ ? Status::OK() : out.Put(task::WithTag(empty_, {.starts_run = true}));
  }
  bool sizes_blocks() const override { return true; }

 private:
  /// With a limit, few rows stay and others can join them; else a run goes out.
  Status SortHeld(BlockSink& out) {
    if (limit_ < 0 || held_rows_ <= limit_) return PutRun(out);
    ARROW_ASSIGN_OR_RAISE(held_, WithOneSchema(std::move(held_), context_.pool));
    ARROW_ASSIGN_OR_RAISE(const auto rows, SortRows());
    ARROW_ASSIGN_OR_RAISE(Block kept, compute::GatherRows(held_, rows, context_.pool));
    held_bytes_ = kept.size_bytes();
    held_rows_ = kept.num_rows();
    held_ = {std::move(kept)};
    return held_bytes_ <= run_bytes_ / 2 ? Status::OK() : PutRun(out);
  }

  void Clear() {
    held_.clear();
    held_bytes_ = 0;
    held_rows_ = 0;
  }

  Result<compute::PoolArray<compute::RowRef>> SortRows() const {
    ARROW_RETURN_NOT_OK(CheckCancelled(context_));
    return compute::SortRows(held_, keys_, limit_, context_.pool);
  }

  Status PutRun(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(held_, WithOneSchema(std::move(held_), context_.pool));
    ARROW_ASSIGN_OR_RAISE(const auto sorted, SortRows());
    std::span<const compute::RowRef> rows = sorted.span();
    const int64_t piece_rows = PieceRows(static_cast<int64_t>(rows.size()));
    bool first = true;
    while (!rows.empty()) {
      ARROW_RETURN_NOT_OK(CheckCancelled(context_));
      const size_t size = std::min(rows.size(), static_cast<size_t>(piece_rows));
      ARROW_ASSIGN_OR_RAISE(Block piece,
                            compute::GatherRows(held_, rows.first(size), context_.pool));
      rows = rows.subspan(size);
      ARROW_ASSIGN_OR_RAISE(piece, Tagged(piece, std::exchange(first, false)));
      any_out_ = true;
      ARROW_RETURN_NOT_OK(out.Put(std::move(piece)));
    }
    Clear();
    return Status::OK();
  }

  /// Rows of a piece of a run of `num_rows`.
  int64_t PieceRows(int64_t num_rows) const {
    using Spec = SortRunStepSpec;
    const int64_t bytes = std::max(run_bytes_, held_bytes_);  // (a run is one block at least)
    const int64_t piece_bytes =
        std::clamp(bytes / Spec::kMaxPieces, Spec::kMinPieceBytes, Spec::kMaxPieceBytes);
    return std::max(RowsOfBytes(held_, piece_bytes),
                    (num_rows + Spec::kMaxPieces - 1) / Spec::kMaxPieces);
  }

  Result<Block> Tagged(const Block& piece, bool starts_run) const {
    task::ExchangeTag tag;
    tag.starts_run = starts_run;
    ARROW_ASSIGN_OR_RAISE(tag.first_key, KeyOf(piece, 0));
    ARROW_ASSIGN_OR_RAISE(tag.last_key, KeyOf(piece, piece.num_rows() - 1));
    return task::WithTag(piece, tag);
  }
  Result<std::string> KeyOf(const Block& block, int64_t row) const {
    ARROW_ASSIGN_OR_RAISE(const auto keys,
                          compute::SortKeys::Make(block.Slice(row, 1), keys_, context_.pool));
    return keys.Bytes(0);
  }

  const std::vector<SortColumn> keys_;
  const int64_t run_bytes_;
  const int64_t limit_;
  const StepContext context_;
  std::vector<Block> held_;
  int64_t held_bytes_ = 0;
  int64_t held_rows_ = 0;
  Block empty_;  // a schema, for a task without rows
  bool any_out_ = false;
};

class MergeRunsStep final : public Step {
 public:
  MergeRunsStep(std::vector<SortColumn> keys, int64_t limit, const StepContext& context)
      : keys_(std::move(keys)), limit_(limit), context_(context) {}

  Status Begin(const TaskInfo& task) override {
    GiveBackFirstHalf(task, context_);
    ARROW_ASSIGN_OR_RAISE(range_, task::MergeRange::Deserialize(task.argument));
    target_bytes_ = task.target_max_block_size;
    blocks_.clear();
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    blocks_.push_back(task::WithoutTag(block));
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(blocks_, WithOneSchema(std::move(blocks_), context_.pool));
    if (std::all_of(blocks_.begin(), blocks_.end(), SaysNothing)) return out.Put(Block());
    ARROW_ASSIGN_OR_RAISE(const auto runs, Runs());
    ARROW_RETURN_NOT_OK(CheckCancelled(context_));
    ARROW_ASSIGN_OR_RAISE(const auto rows, compute::MergeRuns(runs, keys_, limit_, context_.pool));
    ARROW_RETURN_NOT_OK(PutRows(blocks_, rows, target_bytes_, context_, out));
    blocks_.clear();
    return Status::OK();
  }

 private:
  Result<std::vector<compute::SortedRun>> Runs() const {
    std::vector<compute::SortedRun> runs;
    auto next = blocks_.begin();
    for (const auto& run : range_.runs) {
      if (run.num_blocks < 0 || run.num_blocks > blocks_.end() - next) {
        return Status::Invalid("runs of a merge have more blocks than the ", blocks_.size(),
                               " that it got");
      }
      compute::SortedRun sorted;
      sorted.blocks.assign(next, next + run.num_blocks);
      next += run.num_blocks;
      if (!range_.low.key.empty() || range_.low.run != 0) sorted.low = CutOf(range_.low, run.run);
      if (range_.has_high) sorted.high = CutOf(range_.high, run.run);
      runs.push_back(std::move(sorted));
    }
    if (next != blocks_.end()) {
      return Status::Invalid("runs of a merge have fewer blocks than the ", blocks_.size(),
                             " that it got");
    }
    return runs;
  }
  /// The bound is behind the rows of its key that are in earlier runs.
  static compute::RunCut CutOf(const task::MergeRange::Bound& bound, int64_t run) {
    return {bound.key, /*behind_equal=*/run < bound.run};
  }

  const std::vector<SortColumn> keys_;
  const int64_t limit_;
  const StepContext context_;
  task::MergeRange range_;
  int64_t target_bytes_ = 0;
  std::vector<Block> blocks_;
};

}  // namespace

Result<std::unique_ptr<Step>> SortRunStepSpec::Make(const StepContext& context) const {
  return std::make_unique<SortRunStep>(keys_, run_bytes_, limit_, context);
}
Status SortRunStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  WriteSortColumns(keys_, out);
  out->I64(run_bytes_);
  out->I64(limit_);
  return Status::OK();
}
Result<StepSpecPtr> SortRunStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  std::vector<SortColumn> keys = ReadSortColumns(in);
  const int64_t run_bytes = in->I64();
  return std::make_shared<SortRunStepSpec>(std::move(name), std::move(keys), run_bytes, in->I64());
}

Result<std::unique_ptr<Step>> MergeRunsStepSpec::Make(const StepContext& context) const {
  return std::make_unique<MergeRunsStep>(keys_, limit_, context);
}
Status MergeRunsStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  WriteSortColumns(keys_, out);
  out->I64(limit_);
  return Status::OK();
}
Result<StepSpecPtr> MergeRunsStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  std::vector<SortColumn> keys = ReadSortColumns(in);
  return std::make_shared<MergeRunsStepSpec>(std::move(name), std::move(keys), in->I64());
}

}  // namespace headrace::worker
