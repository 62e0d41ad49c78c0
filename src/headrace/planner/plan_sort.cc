// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_sizes.h"
#include "headrace/worker/steps/sort_steps.h"

namespace headrace::planner {

Result<PhysicalNodePtr> PlanSort(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                 const PlanContext& context) {
  const auto& sort = *plan::As<plan::Sort>(node);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  const ExchangeSizes sizes = ExchangeSizes::For(context, bytes);
  std::vector<compute::SortKey> keys;
  for (const SortColumn& column : sort.columns()) {
    keys.push_back({column.name, column.descending});
  }

  PhysicalNodePtr runs = MakeMapNode("SortMap",
                                     std::make_shared<worker::SortRunStepSpec>(
                                         "SortMap", keys, sizes.run_bytes, sort.limit_rows()),
                                     std::move(input));
  runs->may_change_row_count = true;
  runs->min_bytes = sizes.bundle_bytes;
  runs->step_heap_bytes = sizes.run_bytes;

  auto exchange = std::make_unique<PhysicalNode>();
  exchange->kind = PhysicalNode::Kind::kRangeExchange;
  exchange->name = "Sort";
  exchange->ranges.name = exchange->name;
  exchange->ranges.target_bytes = sizes.partition_bytes;
  exchange->ranges.min_ranges =
      static_cast<int>(ExchangeSizes::kTasksPerSlot) * std::max(1, context.num_cpus);
  exchange->ranges.min_bytes = ExchangeSizes::kMinPartitionBytes;
  exchange->inputs.push_back(std::move(runs));

  PhysicalNodePtr merge = MakeMapNode(
      "SortReduce",
      std::make_shared<worker::MergeRunsStepSpec>("SortReduce", keys, sort.limit_rows()),
      std::move(exchange));
  merge->may_change_row_count = true;
  merge->one_bundle_per_task = true;
  return merge;
}

}  // namespace headrace::planner
