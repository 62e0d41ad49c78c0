// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <span>

#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/planner/stored_refs.h"
#include "headrace/worker/steps/read_step.h"

namespace headrace::planner {

namespace {

/// Descriptions of read tasks share blocks: there may be a million, and an object costs a kilobyte.
constexpr size_t kTasksPerBlock = 256;

/// One bundle of one row for each of `tasks`.
Result<std::vector<task::RefBundle>> Describe(std::span<const ReadTask> tasks,
                                              store::ObjectStore& store) {
  std::vector<task::RefBundle> bundles;
  bundles.reserve(tasks.size());
  while (!tasks.empty()) {
    const auto some = tasks.first(std::min(tasks.size(), kTasksPerBlock));
    tasks = tasks.subspan(some.size());
    ARROW_ASSIGN_OR_RAISE(Block block, worker::MakeReadTaskBlock(some));
    const task::RefBundle all(task::PutBlock(store, std::move(block)));
    for (int64_t row = 0; row < all.num_rows(); ++row) bundles.push_back(all.Slice(row, 1));
  }
  return bundles;
}

}  // namespace

Result<PhysicalNodePtr> PlanRead(const plan::LogicalOperatorPtr& node, const PlanContext& context) {
  const auto& read = *plan::As<plan::Read>(node);
  auto input = std::make_unique<PhysicalNode>();
  input->kind = PhysicalNode::Kind::kInput;
  input->name = "Input";
  int64_t min_rows = -1;
  int64_t bytes = 0;
  int64_t heap_bytes = -1;
  if (!context.dry_run) {
    ReadParallelism parallelism;
    parallelism.target_max_block_size =
        read.options().target_max_block_size.value_or(context.data.target_max_block_size);
    parallelism.target_min_block_size = context.data.target_min_block_size;
    // Ray's default serves a cluster: on one machine many tiny tasks only cost. A number that the
    // user has set is a wish.
    const int64_t min_num_blocks = context.data.read_op_min_num_blocks;
    if (min_num_blocks != DataContext().read_op_min_num_blocks) {
      parallelism.min_num_blocks = min_num_blocks;
    }
    parallelism.override_num_blocks = read.override_num_blocks();
    parallelism.num_cpus = context.num_cpus;
    parallelism.max_tasks_per_cpu = context.max_read_tasks_per_cpu;
    parallelism.buffer_bytes = context.data.streaming_read_buffer_size;
    ARROW_ASSIGN_OR_RAISE(const auto tasks, read.source()->PlanReadTasks(parallelism));
    ARROW_ASSIGN_OR_RAISE(input->bundles, Describe(tasks, *context.store));
    if (!tasks.empty()) min_rows = tasks.front().num_rows;
    for (const ReadTask& task : tasks) {
      min_rows = std::min(min_rows, task.num_rows);
      bytes += std::max<int64_t>(0, task.size_bytes);
      heap_bytes = std::max(heap_bytes, task.heap_bytes);
    }
  }
  const auto num_tasks = static_cast<int64_t>(input->bundles.size());
  PhysicalNodePtr out = MakeMapNode(
      read.name(), std::make_shared<worker::ReadStepSpec>(read.source(), read.limit_rows()),
      std::move(input));
  ApplyMapOptions(read.options(), out.get());
  out->reads = true;
  out->rows_per_read_task = min_rows;
  out->may_change_row_count = true;
  out->keep_small_blocks = read.override_num_blocks().has_value();
  out->reader_heap_bytes = heap_bytes;
  if (num_tasks > 0 && bytes > 0) out->expected_output_bytes = bytes / num_tasks;
  return out;
}

Result<PhysicalNodePtr> PlanInputData(const plan::LogicalOperatorPtr& node,
                                      const PlanContext& context) {
  const auto& data = *plan::As<plan::InputData>(node);
  auto out = std::make_unique<PhysicalNode>();
  out->kind = PhysicalNode::Kind::kInput;
  out->name = data.name();
  if (context.dry_run) return out;
  if (data.stored() != nullptr) {
    for (const task::BlockRef& ref : dynamic_cast<const StoredRefs&>(*data.stored()).refs()) {
      out->bundles.emplace_back(ref);
    }
  }
  for (const Block& block : data.blocks()) {
    task::BlockRef ref = task::PutBlock(*context.store, block);
    // The plan holds the bytes as well: writing them to disk would free nothing.
    ARROW_ASSIGN_OR_RAISE(auto pinned, ref.object->Pin());
    if (pinned.pin != nullptr) {
      ref.object = store::KeepPinned(std::move(ref.object), std::move(pinned.pin));
    }
    out->bundles.emplace_back(std::move(ref));
  }
  return out;
}

}  // namespace headrace::planner
