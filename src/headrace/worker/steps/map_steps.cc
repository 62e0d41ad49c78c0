// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/map_steps.h"

#include <algorithm>
#include <vector>

namespace headrace::worker {
namespace {

class BatchStep final : public Step {
 public:
  BatchStep(int64_t rows, arrow::MemoryPool* pool) : wish_(rows), rows_(rows), pool_(pool) {}

  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) return out.Put(std::move(block));
    if (rows_ < 0) {
      const int64_t bytes_per_row = std::max<int64_t>(1, block.size_bytes() / block.num_rows());
      rows_ = std::max<int64_t>(1, BatchStepSpec::kAutoBatchBytes / bytes_per_row);
    }
    const int64_t num_rows = block.num_rows();
    int64_t offset = 0;
    while (offset < num_rows) {
      const int64_t take = std::min(rows_ - held_rows_, num_rows - offset);
      held_.push_back(block.Slice(offset, take));
      held_rows_ += take;
      offset += take;
      // Its memory must not stay as long as the function works on the batch that was copied.
      if (offset == num_rows) block = Block();
      if (held_rows_ == rows_) ARROW_RETURN_NOT_OK(Send(out));
    }
    return Status::OK();
  }

  Status Finish(BlockSink& out) override {
    rows_ = wish_;
    return held_rows_ == 0 ? Status::OK() : Send(out);
  }

 private:
  Status Send(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(Block batch, ConcatBlocks(held_, pool_));
    held_.clear();
    held_rows_ = 0;
    return out.Put(std::move(batch));
  }

  const int64_t wish_;
  int64_t rows_;
  arrow::MemoryPool* const pool_;
  std::vector<Block> held_;
  int64_t held_rows_ = 0;
};

/// Gives a function that is called row by row its blocks in pieces, so that what it makes of a
/// large block goes on piece by piece instead of growing beside it.
class PiecesStep final : public Step {
 public:
  explicit PiecesStep(std::unique_ptr<Step> step) : step_(std::move(step)) {}

  Status Begin(const TaskInfo& task) override {
    piece_bytes_ =
        task.target_max_block_size > 0
            ? std::clamp(task.target_max_block_size / kPiecesPerTarget, kLeastPiece, kLargestPiece)
            : kLargestPiece;
    return step_->Begin(task);
  }
  Status Process(Block block, BlockSink& out) override {
    const int64_t bytes = block.size_bytes();
    if (bytes <= 2 * piece_bytes_ || block.num_rows() <= 1) {
      return step_->Process(std::move(block), out);
    }
    const int64_t rows = std::max<int64_t>(1, piece_bytes_ * block.num_rows() / bytes);
    for (int64_t offset = 0; offset < block.num_rows() && !out.full(); offset += rows) {
      ARROW_RETURN_NOT_OK(step_->Process(block.Slice(offset, rows), out));
    }
    return Status::OK();
  }
  Status Finish(BlockSink& out) override { return step_->Finish(out); }

 private:
  static constexpr int64_t kPiecesPerTarget = 4;
  static constexpr int64_t kLeastPiece = 1 << 20;
  static constexpr int64_t kLargestPiece = 32 << 20;

  const std::unique_ptr<Step> step_;
  int64_t piece_bytes_ = kLargestPiece;
};

class NativeStep final : public Step {
 public:
  NativeStep(std::string name, NativeStepSpec::Function function)
      : name_(std::move(name)), function_(std::move(function)) {}
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) return out.Put(std::move(block));
    Block result;
    // The function is not ours: it may throw.
    ARROW_RETURN_NOT_OK(CatchAsStatus(name_, [&]() -> Status {
      ARROW_ASSIGN_OR_RAISE(result, function_(block));
      return Status::OK();
    }));
    return out.Put(std::move(result));
  }

 private:
  const std::string name_;
  const NativeStepSpec::Function function_;
};

}  // namespace

Result<std::unique_ptr<Step>> BatchStepSpec::Make(const StepContext& context) const {
  return std::make_unique<BatchStep>(rows_, context.pool);
}
Status BatchStepSpec::Serialize(WireWriter* out) const {
  out->I64(rows_);
  return Status::OK();
}
Result<StepSpecPtr> BatchStepSpec::Deserialize(WireReader* in) {
  return std::make_shared<BatchStepSpec>(in->I64());
}

Result<std::unique_ptr<Step>> PythonStepSpec::Make(const StepContext& context) const {
  if (context.udf_host == nullptr) {
    return Status::Invalid(name_, " is a Python function, and no Python runs in this process");
  }
  ARROW_ASSIGN_OR_RAISE(auto step, context.udf_host->MakeStep(udf_, context));
  if (udf_.mode == UdfMode::kMapBatches) return step;
  return std::make_unique<PiecesStep>(std::move(step));
}
Status PythonStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  out->Str(udf_.name);
  out->U64(static_cast<uint64_t>(udf_.mode));
  out->Str(udf_.pickled);
  out->I64(udf_.batch_size);
  out->Bool(udf_.is_class);
  return Status::OK();
}
Result<StepSpecPtr> PythonStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  PythonUdf udf;
  udf.name = in->Str();
  udf.mode = static_cast<UdfMode>(in->U64());
  udf.pickled = in->Str();
  udf.batch_size = in->I64();
  udf.is_class = in->Bool();
  return std::make_shared<PythonStepSpec>(std::move(name), std::move(udf));
}

Result<std::unique_ptr<Step>> NativeStepSpec::Make(const StepContext&) const {
  return std::make_unique<NativeStep>(name_, function_);
}
Status NativeStepSpec::Serialize(WireWriter*) const {
  return Status::Invalid("the C++ function of ", name_,
                         " cannot leave its process; put it in a chain without Python functions");
}

}  // namespace headrace::worker
