// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/execution.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>

#include <algorithm>
#include <filesystem>
#include <random>

#include "headrace/base/log.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/optimizer.h"
#include "headrace/planner/planner.h"

namespace headrace::api {
namespace {

/// Half of the object store is for queues of a run; the rest is for datasets that the user keeps
/// and for what the estimates miss (Ray Data's default fraction).
constexpr double kQueueShareOfStore = 0.5;

std::string NewWriteId() {
  std::random_device device;
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  for (int i = 0; i < 32; ++i) id += kDigits[device() % 16];
  return id;
}

planner::PlanContext MakePlanContext(const DataContext& context, const Engine& engine) {
  planner::PlanContext plan;
  plan.data = context;
  plan.num_cpus = engine.num_cpus();
  if (context.limit_cpu > 0) {
    plan.num_cpus = std::clamp(static_cast<int>(context.limit_cpu), 1, plan.num_cpus);
  }
  if (plan.data.target_max_block_size > 0) {
    plan.data.target_max_block_size =
        std::min(plan.data.target_max_block_size, engine.MaxBlockBytes(context.limit_memory));
  }
  plan.store = engine.backend()->store();
  plan.memory = engine.backend()->memory().get();
  return plan;
}

double LimitOr(double limit, double total) { return limit < 0 ? total : std::min(limit, total); }

exec::ExecutorOptions MakeExecutorOptions(const DataContext& context, const Engine& engine,
                                          std::string dataset_id) {
  const task::Resources total = engine.backend()->TotalResources();
  exec::ExecutorOptions options;
  options.limits.slots = {LimitOr(context.limit_cpu, total.cpu),
                          LimitOr(context.limit_gpu, total.gpu),
                          LimitOr(context.limit_memory, total.memory_bytes)};
  options.limits.memory_bytes = static_cast<int64_t>(context.limit_memory);
  const auto store_bytes =
      static_cast<double>(engine.backend()->store()->stats().total_bytes) * kQueueShareOfStore;
  options.limits.object_store_bytes =
      static_cast<int64_t>(LimitOr(context.limit_object_store_memory, store_bytes));
  options.limits.reservation_enabled = context.op_resource_reservation_enabled;
  options.limits.reservation_ratio = context.op_resource_reservation_ratio;
  options.output.max_bytes = std::max<int64_t>(
      1 << 20, std::min(options.output.max_bytes, options.limits.object_store_bytes / 4));
  options.no_progress_timeout_s = context.execution_no_progress_timeout_s;
  options.policies = context.backpressure_policies;
  options.trace_allocations = context.trace_allocations;
  options.dataset_id = std::move(dataset_id);
  return options;
}

/// Waiting for a GPU that does not exist would be waiting for ever.
Status CheckGpus(const exec::Topology& topology, const task::Resources& total) {
  for (const auto& node : topology.nodes()) {
    if (node.tasks == nullptr) continue;
    const double needed = node.actors != nullptr ? node.actors->ActorResources().gpu
                                                 : node.tasks->TaskResources().gpu;
    if (needed > total.gpu + 1e-9) {
      return Status::Invalid(node.op->name(), " needs num_gpus=", needed, ", but there are ",
                             total.gpu,
                             "; leave num_gpus out, or allow virtual GPU slots with "
                             "init(num_gpus=...)");
    }
  }
  return Status::OK();
}

Result<plan::LogicalOperatorPtr> Optimize(const plan::LogicalOperatorPtr& plan,
                                          const DataContext& context) {
  return plan::Optimizer::WithDefaultRules(context.disabled_rules).Optimize(plan);
}

}  // namespace

Result<std::unique_ptr<Execution>> Execution::Start(plan::LogicalOperatorPtr plan,
                                                    const DataContext& context,
                                                    std::string dataset_id, DatasinkPtr sink) {
  ARROW_ASSIGN_OR_RAISE(auto engine, Engine::Current());
  ARROW_ASSIGN_OR_RAISE(auto optimized, Optimize(plan, context));
  planner::PlanContext plan_context = MakePlanContext(context, *engine);
  plan_context.write_id = NewWriteId();
  std::error_code ignored;  // a folder that is gone: relative paths will not be found
  plan_context.working_directory = std::filesystem::current_path(ignored).string();
  ARROW_ASSIGN_OR_RAISE(auto physical, planner::Lower(optimized, plan_context));
  physical = planner::FuseOperators(std::move(physical));
  ARROW_ASSIGN_OR_RAISE(auto topology, planner::BuildTopology(std::move(physical), plan_context));
  ARROW_RETURN_NOT_OK(CheckGpus(topology, engine->backend()->TotalResources()));
  std::unique_ptr<Execution> execution(new Execution(engine, std::move(sink), dataset_id));
  engine->gauge().WarnAbove(context.warn_on_driver_memory_usage_bytes);
  execution->write_id_ = plan_context.write_id;
  if (execution->sink_ != nullptr) {
    // The destination is touched last, when nothing else can be wrong any more.
    ARROW_ASSIGN_OR_RAISE(const bool go_on, execution->sink_->Prepare());
    if (!go_on) {
      execution->committed_ = true;
      return execution;
    }
  }
  execution->executor_ = std::make_unique<exec::StreamingExecutor>(
      std::move(topology), engine->backend(),
      MakeExecutorOptions(context, *engine, std::move(dataset_id)));
  execution->executor_->Start();
  return execution;
}

Execution::~Execution() {
  if (executor_ != nullptr) executor_->Shutdown();
  Undo();
  engine_->gauge().RunEnds();
}

void Execution::Undo() {
  if (sink_ == nullptr || committed_ || std::exchange(undone_, true)) return;
  // Tasks that finished before the stop have left temporary files.
  for (auto blocks = NextRefs(); blocks.ok() && !blocks->empty(); blocks = NextRefs()) {
    IgnoreStatus(NoteCommits(*blocks), "the write is undone");
  }
  sink_->Abort(commits_);
  sink_->RemoveLeftovers(write_id_);
}

Result<std::vector<task::BlockRef>> Execution::NextRefs() {
  if (executor_ == nullptr) return std::vector<task::BlockRef>();
  // Whoever keeps what it takes would otherwise go on until memory is used up.
  ARROW_RETURN_NOT_OK(engine_->backend()->store()->CheckFull());
  return executor_->Take();
}

Result<std::optional<Block>> Execution::NextBlock() {
  if (taken_.empty()) {
    ARROW_ASSIGN_OR_RAISE(auto refs, NextRefs());
    if (refs.empty()) return std::nullopt;
    taken_.Push(std::move(refs));
  }
  ARROW_ASSIGN_OR_RAISE(Block block, taken_.Pop());
  return std::optional(std::move(block));
}

Status Execution::NoteCommits(const std::vector<task::BlockRef>& blocks) {
  for (const task::BlockRef& ref : blocks) {
    if (sink_ == nullptr || ref.num_rows == 0) continue;
    ARROW_ASSIGN_OR_RAISE(const Block block, ref.Load());
    const auto& column = static_cast<const arrow::BinaryArray&>(*block.batch()->column(0));
    const auto& rows = static_cast<const arrow::Int64Array&>(*block.batch()->column(1));
    for (int64_t i = 0; i < column.length(); ++i) {
      commits_.push_back(column.GetString(i));
      rows_written_ = std::max<int64_t>(0, rows_written_) + rows.Value(i);
    }
  }
  return Status::OK();
}

Status Execution::Commit() {
  if (sink_ == nullptr || committed_) return Status::OK();
  rows_written_ = std::max<int64_t>(0, rows_written_);
  ARROW_RETURN_NOT_OK(sink_->Commit(commits_));
  committed_ = true;
  const exec::RunSnapshot run = snapshot();
  const bool retried = std::any_of(run.operators.begin(), run.operators.end(),
                                   [](const auto& op) { return op.counters.tasks_failed > 0; });
  if (retried) sink_->RemoveLeftovers(write_id_);
  return Status::OK();
}

Result<bool> Execution::JoinStep() {
  const auto blocks = NextRefs();
  Status status = blocks.status();
  if (status.ok()) status = blocks->empty() ? Commit() : NoteCommits(*blocks);
  if (!status.ok()) {
    Cancel();
    return status;
  }
  return blocks->empty();
}

Status Execution::Join() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool ended, JoinStep());
    if (ended) return Status::OK();
  }
}

bool Execution::WaitReady(std::chrono::milliseconds timeout) const {
  return executor_ == nullptr || !taken_.empty() || executor_->WaitReady(timeout);
}

void Execution::Cancel() {
  if (executor_ != nullptr) executor_->Shutdown();
  Undo();
}

exec::RunSnapshot Execution::snapshot() const {
  if (executor_ != nullptr) return executor_->snapshot();
  exec::RunSnapshot skipped;
  skipped.dataset_id = dataset_id_;
  skipped.done = true;
  return skipped;
}

Result<PlanText> Explain(const plan::LogicalOperatorPtr& plan, const DataContext& context) {
  ARROW_ASSIGN_OR_RAISE(const auto engine, Engine::Current());
  planner::PlanContext plan_context = MakePlanContext(context, *engine);
  plan_context.dry_run = true;
  PlanText text;
  text.logical = plan::ToTreeString(plan);
  ARROW_ASSIGN_OR_RAISE(const auto optimized, Optimize(plan, context));
  text.logical_optimized = plan::ToTreeString(optimized);
  ARROW_ASSIGN_OR_RAISE(auto physical, planner::Lower(optimized, plan_context));
  text.physical = planner::ToTreeString(*physical);
  physical = planner::FuseOperators(std::move(physical));
  text.physical_optimized = planner::ToTreeString(*physical);
  return text;
}

Result<int64_t> EstimateNumBlocks(const plan::LogicalOperatorPtr& plan,
                                  const DataContext& context) {
  if (const auto* repartition = plan::As<plan::Repartition>(plan)) {
    return repartition->num_blocks();
  }
  if (plan->inputs().empty() || plan::As<plan::Read>(plan) != nullptr) {
    ARROW_ASSIGN_OR_RAISE(const auto engine, Engine::Current());
    ARROW_ASSIGN_OR_RAISE(const auto node, planner::Lower(plan, MakePlanContext(context, *engine)));
    const auto& source = node->inputs.empty() ? *node : *node->inputs.front();
    return std::max<int64_t>(1, static_cast<int64_t>(source.bundles.size()));
  }
  int64_t total = 0;
  for (const auto& input : plan->inputs()) {
    ARROW_ASSIGN_OR_RAISE(const int64_t blocks, EstimateNumBlocks(input, context));
    total += blocks;
  }
  return total;
}

}  // namespace headrace::api
