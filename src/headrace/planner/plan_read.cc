// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/read_step.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanRead(const plan::LogicalOperatorPtr& node, const PlanContext& context) {
  const auto& read = *plan::As<plan::Read>(node);
  auto input = std::make_unique<PhysicalNode>();
  input->kind = PhysicalNode::Kind::kInput;
  input->name = "Input";
  int64_t min_rows = -1;
  int64_t bytes = 0;
  if (!context.dry_run) {
    ReadParallelism parallelism;
    parallelism.target_max_block_size =
        read.options().target_max_block_size.value_or(context.data.target_max_block_size);
    parallelism.target_min_block_size = context.data.target_min_block_size;
    parallelism.min_num_blocks = context.data.read_op_min_num_blocks;
    parallelism.override_num_blocks = read.override_num_blocks();
    parallelism.num_cpus = context.num_cpus;
    ARROW_ASSIGN_OR_RAISE(const auto tasks, read.source()->PlanReadTasks(parallelism));
    for (const ReadTask& task : tasks) {
      ARROW_ASSIGN_OR_RAISE(Block block, worker::MakeReadTaskBlock(task));
      input->bundles.emplace_back(task::PutBlock(*context.store, std::move(block)));
      min_rows = input->bundles.size() == 1 ? task.num_rows : std::min(min_rows, task.num_rows);
      bytes += std::max<int64_t>(0, task.size_bytes);
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
  for (const Block& block : data.blocks()) {
    out->bundles.emplace_back(task::PutBlock(*context.store, block));
  }
  return out;
}

}  // namespace headrace::planner
