// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/native_steps.h"

#include <arrow/array/array_primitive.h>
#include <arrow/buffer.h>

#include <algorithm>
#include <optional>

#include "headrace/block/schema.h"
#include "headrace/expr/evaluator.h"

namespace headrace::worker {
namespace {

class FilterStep final : public Step {
 public:
  FilterStep(const Expr& predicate, arrow::MemoryPool* pool) : filter_(predicate), pool_(pool) {}
  Status Process(Block block, BlockSink& out) override {
    if (SaysNothing(block)) return out.Put(std::move(block));
    ARROW_ASSIGN_OR_RAISE(Block kept, filter_.Apply(block, pool_));
    return out.Put(std::move(kept));
  }

 private:
  expr::BlockFilter filter_;
  arrow::MemoryPool* const pool_;
};

class ProjectStep final : public Step {
 public:
  ProjectStep(expr::Projection projection, arrow::MemoryPool* pool)
      : projector_(std::move(projection)), pool_(pool) {}
  Status Process(Block block, BlockSink& out) override {
    // A block without columns stands for "nothing known": there is nothing to project.
    if (SaysNothing(block)) return out.Put(std::move(block));
    ARROW_ASSIGN_OR_RAISE(Block projected, projector_.Apply(block, pool_));
    return out.Put(std::move(projected));
  }

 private:
  expr::BlockProjector projector_;
  arrow::MemoryPool* const pool_;
};

class LimitStep final : public Step {
 public:
  explicit LimitStep(int64_t rows) : rows_(rows) {}
  Status Begin(const TaskInfo&) override {
    left_ = rows_;
    return Status::OK();
  }
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() > left_) block = block.Slice(0, left_);
    left_ -= block.num_rows();
    return out.Put(std::move(block));
  }
  bool WantsNoMore() const override { return left_ <= 0; }

 private:
  const int64_t rows_;
  int64_t left_ = 0;
};

class RepartitionStep final : public Step {
 public:
  RepartitionStep(int64_t rows, bool strict, arrow::MemoryPool* pool)
      : rows_(rows), strict_(strict), pool_(pool) {}
  Status Process(Block block, BlockSink& out) override {
    if (block.num_rows() == 0) return out.Put(std::move(block));
    int64_t offset = 0;
    while (offset < block.num_rows()) {
      const int64_t room = rows_ > 0 ? rows_ - held_rows_ : block.num_rows();
      const int64_t take = std::min(room, block.num_rows() - offset);
      held_.push_back(block.Slice(offset, take));
      held_rows_ += take;
      offset += take;
      if (held_rows_ == rows_) ARROW_RETURN_NOT_OK(Send(out));
    }
    return strict_ || rows_ <= 0 || held_.empty() ? Status::OK() : Send(out);
  }
  Status Finish(BlockSink& out) override { return held_.empty() ? Status::OK() : Send(out); }
  bool sizes_blocks() const override { return true; }

 private:
  Status Send(BlockSink& out) {
    ARROW_ASSIGN_OR_RAISE(Block joined, ConcatBlocks(held_, pool_));
    held_.clear();
    held_rows_ = 0;
    return out.Put(std::move(joined));
  }
  const int64_t rows_;
  const bool strict_;
  arrow::MemoryPool* const pool_;
  std::vector<Block> held_;
  int64_t held_rows_ = 0;
};

class CountStep final : public Step {
 public:
  Status Begin(const TaskInfo&) override {
    rows_ = 0;
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    rows_ += block.num_rows();
    return Status::OK();
  }
  Status Finish(BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                          arrow::AllocateBuffer(sizeof(int64_t)));
    *reinterpret_cast<int64_t*>(values->mutable_data()) = rows_;
    static const auto schema = arrow::schema({arrow::field("num_rows", arrow::int64())});
    auto column = std::make_shared<arrow::Int64Array>(1, std::move(values));
    return out.Put(
        Block(arrow::RecordBatch::Make(schema, 1, arrow::ArrayVector{std::move(column)})));
  }
  int64_t rows_consumed() const override { return rows_; }

 private:
  int64_t rows_ = 0;
};

class AggregateStep final : public Step {
 public:
  explicit AggregateStep(std::vector<compute::AggregateSpec> specs) : specs_(std::move(specs)) {}
  Status Begin(const TaskInfo&) override {
    ARROW_ASSIGN_OR_RAISE(aggregator_, compute::PartialAggregator::Make(specs_));
    rows_ = 0;
    return Status::OK();
  }
  Status Process(Block block, BlockSink&) override {
    if (SaysNothing(block)) return Status::OK();
    rows_ += block.num_rows();
    return aggregator_->Add(block);
  }
  Status Finish(BlockSink& out) override {
    ARROW_ASSIGN_OR_RAISE(Block partial, aggregator_->Finish());
    return out.Put(std::move(partial));
  }
  int64_t rows_consumed() const override { return rows_; }

 private:
  int64_t rows_ = 0;
  const std::vector<compute::AggregateSpec> specs_;
  std::unique_ptr<compute::PartialAggregator> aggregator_;
};

}  // namespace

Result<std::unique_ptr<Step>> FilterStepSpec::Make(const StepContext& context) const {
  return std::make_unique<FilterStep>(predicate_, context.pool);
}
Status FilterStepSpec::Serialize(WireWriter* out) const {
  ARROW_ASSIGN_OR_RAISE(const std::string bytes, predicate_.Serialize());
  out->Str(bytes);
  return Status::OK();
}
Result<StepSpecPtr> FilterStepSpec::Deserialize(WireReader* in) {
  ARROW_ASSIGN_OR_RAISE(Expr predicate, Expr::Deserialize(in->View()));
  return std::make_shared<FilterStepSpec>(std::move(predicate));
}

Result<std::unique_ptr<Step>> ProjectStepSpec::Make(const StepContext& context) const {
  return std::make_unique<ProjectStep>(projection_, context.pool);
}
Status ProjectStepSpec::Serialize(WireWriter* out) const {
  out->U64(projection_.exprs.size());
  for (const auto& named : projection_.exprs) {
    ARROW_ASSIGN_OR_RAISE(const std::string bytes, named.expr.Serialize());
    out->Str(named.name);
    out->Str(bytes);
  }
  out->Bool(projection_.keep_rest);
  out->Strs(projection_.dropped);
  out->U64(projection_.renamed.size());
  for (const auto& [from, to] : projection_.renamed) {
    out->Str(from);
    out->Str(to);
  }
  return Status::OK();
}
Result<StepSpecPtr> ProjectStepSpec::Deserialize(WireReader* in) {
  expr::Projection projection;
  projection.exprs.resize(in->Count());
  for (auto& named : projection.exprs) {
    named.name = in->Str();
    ARROW_ASSIGN_OR_RAISE(named.expr, Expr::Deserialize(in->View()));
  }
  projection.keep_rest = in->Bool();
  projection.dropped = in->Strs();
  projection.renamed.resize(in->Count());
  for (auto& [from, to] : projection.renamed) {
    from = in->Str();
    to = in->Str();
  }
  return std::make_shared<ProjectStepSpec>(std::move(projection));
}

Result<std::unique_ptr<Step>> LimitStepSpec::Make(const StepContext&) const {
  return std::make_unique<LimitStep>(rows_);
}
Status LimitStepSpec::Serialize(WireWriter* out) const {
  out->I64(rows_);
  return Status::OK();
}
Result<StepSpecPtr> LimitStepSpec::Deserialize(WireReader* in) {
  return std::make_shared<LimitStepSpec>(in->I64());
}

Result<std::unique_ptr<Step>> RepartitionStepSpec::Make(const StepContext& context) const {
  return std::make_unique<RepartitionStep>(rows_, strict_, context.pool);
}
Status RepartitionStepSpec::Serialize(WireWriter* out) const {
  out->Str(name_);
  out->I64(rows_);
  out->Bool(strict_);
  return Status::OK();
}
Result<StepSpecPtr> RepartitionStepSpec::Deserialize(WireReader* in) {
  std::string name = in->Str();
  const int64_t rows = in->I64();
  return std::make_shared<RepartitionStepSpec>(std::move(name), rows, in->Bool());
}

Result<std::unique_ptr<Step>> CountStepSpec::Make(const StepContext&) const {
  return std::make_unique<CountStep>();
}
Status CountStepSpec::Serialize(WireWriter*) const { return Status::OK(); }
Result<StepSpecPtr> CountStepSpec::Deserialize(WireReader*) {
  return std::make_shared<CountStepSpec>();
}

Result<std::unique_ptr<Step>> AggregateStepSpec::Make(const StepContext&) const {
  return std::make_unique<AggregateStep>(specs_);
}
Status AggregateStepSpec::Serialize(WireWriter* out) const {
  out->U64(specs_.size());
  for (const auto& spec : specs_) {
    out->Str(spec.function);
    out->Str(spec.column);
    out->Bool(spec.ignore_nulls);
    out->I64(spec.ddof);
  }
  return Status::OK();
}
Result<StepSpecPtr> AggregateStepSpec::Deserialize(WireReader* in) {
  std::vector<compute::AggregateSpec> specs(in->Count());
  for (auto& spec : specs) {
    spec.function = in->Str();
    spec.column = in->Str();
    spec.ignore_nulls = in->Bool();
    spec.ddof = in->I64();
  }
  return std::make_shared<AggregateStepSpec>(std::move(specs));
}

}  // namespace headrace::worker
