// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_nodes.h"
#include "headrace/worker/steps/group_blocks_step.h"
#include "headrace/worker/steps/partition_steps.h"
#include "headrace/worker/steps/sort_steps.h"

namespace headrace::planner {
namespace {

/// The user said where blocks end: rows go to the block of their range and are sorted there.
PhysicalNodePtr PlanBoundaries(const plan::Sort& sort, std::vector<compute::SortKey> keys,
                               const ExchangeSizes& sizes, PhysicalNodePtr input) {
  PhysicalNodePtr map =
      MakeFirstHalf("SortMap",
                    std::make_shared<worker::BoundaryPartitionStepSpec>(
                        sort.columns().front(), sort.boundaries(), sizes.run_bytes),
                    sizes, std::move(input));
  const auto num_ranges = static_cast<int64_t>(sort.boundaries().size()) + 1;
  PhysicalNodePtr out =
      MakeSecondHalf("SortReduce",
                     std::make_shared<worker::GroupBlocksStepSpec>(
                         "SortReduce", std::move(keys), worker::GroupBlocksStepSpec::Give::kSorted),
                     sizes,
                     MakePartitionExchange("Sort", "AllToAllOperator", num_ranges,
                                           /*keeps_all=*/true, Only(std::move(map))));
  out->target_max_block_size = 0;
  out->keep_small_blocks = true;
  return out;
}

}  // namespace

Result<PhysicalNodePtr> PlanSort(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                 const PlanContext& context) {
  const auto& sort = *plan::As<plan::Sort>(node);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  const ExchangeSizes sizes = ExchangeSizes::For(context, bytes);
  std::vector<compute::SortKey> keys;
  for (const SortColumn& column : sort.columns()) keys.push_back({column.name, column.descending});
  if (!sort.boundaries().empty()) {
    return PlanBoundaries(sort, std::move(keys), sizes, std::move(input));
  }
  PhysicalNodePtr runs = MakeFirstHalf("SortMap",
                                       std::make_shared<worker::SortRunStepSpec>(
                                           "SortMap", keys, sizes.run_bytes, sort.limit_rows()),
                                       sizes, std::move(input));
  auto exchange = std::make_unique<PhysicalNode>();
  exchange->kind = PhysicalNode::Kind::kRangeExchange;
  exchange->name = "Sort";
  exchange->ranges.name = exchange->name;
  exchange->ranges.target_bytes = sizes.partition_bytes;
  exchange->ranges.min_ranges =
      static_cast<int>(ExchangeSizes::kTasksPerSlot) * std::max(1, context.num_cpus);
  exchange->ranges.min_bytes = ExchangeSizes::kMinPartitionBytes;
  exchange->inputs.push_back(std::move(runs));
  return MakeSecondHalf(
      "SortReduce",
      std::make_shared<worker::MergeRunsStepSpec>("SortReduce", keys, sort.limit_rows()), sizes,
      std::move(exchange));
}

}  // namespace headrace::planner
