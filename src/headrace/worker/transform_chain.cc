// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/transform_chain.h"

#include <time.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "headrace/store/recycling_pool.h"
#include "headrace/worker/output_buffer.h"
#include "headrace/worker/step_registry.h"
#include "headrace/worker/udf_host.h"

namespace headrace::worker {
namespace {

double ThreadCpuSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

double Seconds(std::chrono::steady_clock::duration duration) {
  return std::chrono::duration<double>(duration).count();
}

/// Feeds a step from the one before it. Times the user's functions without what runs below them.
class Stage final : public BlockSink {
 public:
  Stage(Step* step, bool is_udf, BlockSink* next) : step_(step), is_udf_(is_udf), next_(next) {}

  Status Put(Block block) override {
    return Timed([&] { return step_->Process(std::move(block), out_); });
  }
  Status Finish() {
    return Timed([&] { return step_->Finish(out_); });
  }
  bool full() const override { return step_->WantsNoMore() || next_->full(); }
  double udf_s() const { return udf_s_; }

 private:
  /// The next stage, with the time spent in it.
  class Next final : public BlockSink {
   public:
    explicit Next(Stage* stage) : stage_(stage) {}
    Status Put(Block block) override {
      if (!stage_->is_udf_) return stage_->next_->Put(std::move(block));
      const auto begin = std::chrono::steady_clock::now();
      Status status = stage_->next_->Put(std::move(block));
      stage_->below_s_ += Seconds(std::chrono::steady_clock::now() - begin);
      return status;
    }
    bool full() const override { return stage_->next_->full(); }

   private:
    Stage* const stage_;
  };

  template <typename Function>
  Status Timed(Function&& function) {
    if (!is_udf_) return function();
    const auto begin = std::chrono::steady_clock::now();
    below_s_ = 0;
    Status status = function();
    udf_s_ += Seconds(std::chrono::steady_clock::now() - begin) - below_s_;
    return status;
  }

  Step* const step_;
  const bool is_udf_;
  BlockSink* const next_;
  Next out_{this};
  double below_s_ = 0;
  double udf_s_ = 0;
};

class ChainRunner final : public task::TaskRunner {
 public:
  /// `shares_output`: what takes the blocks keeps their memory instead of copying it.
  ChainRunner(ChainOptions options, bool shares_output)
      : options_(std::move(options)), shares_output_(shares_output) {}

  Status Load(const std::vector<StepSpecPtr>& specs) {
    StepContext context;
    context.pool = store::BlockMemoryPool();
    context.udf_host = ProcessUdfHost();
    context.num_cpus = options_.num_cpus;
    context.max_errored_files = options_.max_errored_files;
    context.read_buffer_bytes = options_.read_buffer_bytes;
    context.memory = options_.memory;
    context.cancelled = &cancelled_;
    for (const auto& spec : specs) {
      ARROW_ASSIGN_OR_RAISE(auto step, spec->Make(context));
      steps_.push_back(std::move(step));
      is_udf_.push_back(spec->needs_python());
    }
    return Status::OK();
  }

  Status Run(const std::vector<Block>& inputs, const task::TaskParams& params,
             task::TaskOutput& out, task::TaskStats* stats) override {
    const auto wall_begin = std::chrono::steady_clock::now();
    const double cpu_begin = ThreadCpuSeconds();
    cancelled_ = false;
    OutputBuffer buffer(out, SizesOf(params), store::BlockMemoryPool());
    std::vector<std::unique_ptr<Stage>> stages(steps_.size());
    BlockSink* next = &buffer;
    for (size_t i = steps_.size(); i-- > 0;) {
      stages[i] = std::make_unique<Stage>(steps_[i].get(), is_udf_[i], next);
      next = stages[i].get();
    }
    const Status status = Feed(inputs, params, out, *next, stages, buffer, stats);
    for (size_t i = 0; i < steps_.size(); ++i) {
      stats->udf_s += stages[i]->udf_s();
      stats->rows_consumed += steps_[i]->rows_consumed();
      stats->skipped_inputs += steps_[i]->skipped_inputs();
    }
    stats->rows_out = buffer.rows_out();
    stats->bytes_out = buffer.bytes_out();
    stats->blocks_out = buffer.blocks_out();
    stats->wall_s = Seconds(std::chrono::steady_clock::now() - wall_begin);
    stats->cpu_s = ThreadCpuSeconds() - cpu_begin;
    return status;
  }

 private:
  BlockSizes SizesOf(const task::TaskParams& params) const {
    BlockSizes sizes{params.target_min_block_size, params.target_max_block_size, shares_output_};
    if (options_.keep_small_blocks) sizes.join_below_bytes = 0;
    if (!steps_.empty() && steps_.back()->sizes_blocks()) {
      sizes.join_below_bytes = 0;
      sizes.target_max_bytes = 0;
    }
    return sizes;
  }

  Status Feed(const std::vector<Block>& inputs, const task::TaskParams& params,
              task::TaskOutput& out, BlockSink& first,
              const std::vector<std::unique_ptr<Stage>>& stages, OutputBuffer& buffer,
              task::TaskStats* stats) {
    const TaskInfo info{params.task_index, params.write_id, params.target_max_block_size,
                        params.target_min_block_size, params.argument};
    for (const auto& step : steps_) ARROW_RETURN_NOT_OK(step->Begin(info));
    for (const Block& input : inputs) {
      if (first.full()) break;
      if (out.cancelled()) {
        cancelled_ = true;
        return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "task was cancelled");
      }
      stats->rows_in += input.num_rows();
      ARROW_RETURN_NOT_OK(first.Put(input));
      if (params.flush_per_block) ARROW_RETURN_NOT_OK(buffer.Flush());
    }
    for (const auto& stage : stages) ARROW_RETURN_NOT_OK(stage->Finish());
    return buffer.Finish();
  }

  const ChainOptions options_;
  const bool shares_output_;
  std::atomic<bool> cancelled_{false};
  std::vector<std::unique_ptr<Step>> steps_;
  std::vector<bool> is_udf_;
};

}  // namespace

TransformChain::TransformChain(std::string name, std::vector<StepSpecPtr> steps,
                               ChainOptions options)
    : id_(task::NextId()),
      name_(std::move(name)),
      steps_(std::move(steps)),
      options_(std::move(options)) {}

task::Lane TransformChain::lane() const {
  const bool python = std::any_of(steps_.begin(), steps_.end(),
                                  [](const auto& step) { return step->needs_python(); });
  return python && !options_.inline_udfs ? task::Lane::kProcess : task::Lane::kThread;
}

bool TransformChain::stateful() const {
  return std::any_of(steps_.begin(), steps_.end(),
                     [](const auto& step) { return step->stateful(); });
}

Result<std::unique_ptr<task::TaskRunner>> TransformChain::MakeRunner() const {
  auto runner = std::make_unique<ChainRunner>(options_, lane() == task::Lane::kThread);
  ARROW_RETURN_NOT_OK(runner->Load(steps_));
  return runner;
}

Result<std::string> TransformChain::Serialize() const {
  WireWriter out;
  out.Str(name_);
  out.F64(options_.num_cpus);
  out.I64(options_.max_errored_files);
  out.Bool(options_.keep_small_blocks);
  out.I64(options_.read_buffer_bytes);
  out.Str(options_.working_directory);
  out.U64(steps_.size());
  for (const auto& step : steps_) {
    out.Str(step->kind());
    ARROW_RETURN_NOT_OK(step->Serialize(&out));
  }
  return out.Take();
}

Result<std::shared_ptr<const TransformChain>> TransformChain::Deserialize(std::string_view bytes) {
  WireReader in(bytes);
  std::string name = in.Str();
  ChainOptions options;
  options.num_cpus = in.F64();
  options.max_errored_files = in.I64();
  options.keep_small_blocks = in.Bool();
  options.read_buffer_bytes = in.I64();
  options.working_directory = in.Str();
  std::vector<StepSpecPtr> steps(in.Count());
  for (auto& step : steps) {
    const std::string kind = in.Str();
    ARROW_ASSIGN_OR_RAISE(step, DeserializeStep(kind, &in));
  }
  ARROW_RETURN_NOT_OK(in.Finish());
  return std::make_shared<const TransformChain>(std::move(name), std::move(steps),
                                                std::move(options));
}

}  // namespace headrace::worker
