// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/range_exchange_operator.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_nodes.h"
#include "headrace/worker/steps/group_blocks_step.h"
#include "headrace/worker/steps/partition_steps.h"
#include "headrace/worker/steps/sort_steps.h"

namespace headrace::planner {
namespace {

/// The user said where blocks end: rows go to the block of their range and are sorted there.
PhysicalNodePtr PlanBoundaries(const plan::Sort& sort, const ExchangeSizes& sizes,
                               PhysicalNodePtr input) {
  PhysicalNodePtr map =
      MakeFirstHalf("SortMap",
                    std::make_shared<worker::BoundaryPartitionStepSpec>(
                        sort.columns().front(), sort.boundaries(), sizes.run_bytes),
                    sizes, std::move(input));
  exec::PartitionExchangeOptions exchange = ExchangeOptions("Sort", "AllToAllOperator", sizes);
  exchange.num_partitions = static_cast<int>(sort.boundaries().size()) + 1;
  exchange.min_bundle_bytes = 0;  // each range is a block, empty or not
  PhysicalNodePtr out =
      MakeSecondHalf("SortReduce",
                     std::make_shared<worker::GroupBlocksStepSpec>(
                         "SortReduce", sort.columns(), worker::GroupBlocksStepSpec::Give::kSorted),
                     sizes, MakeExchange(std::move(exchange), std::move(map)));
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
  const std::vector<SortColumn>& keys = sort.columns();
  if (!sort.boundaries().empty()) {
    return PlanBoundaries(sort, sizes, std::move(input));
  }
  PhysicalNodePtr runs = MakeFirstHalf("SortMap",
                                       std::make_shared<worker::SortRunStepSpec>(
                                           "SortMap", keys, sizes.run_bytes, sort.limit_rows()),
                                       sizes, std::move(input));
  exec::RangeExchangeOptions ranges;
  ranges.name = "Sort";
  ranges.target_bytes = sizes.partition_bytes;
  ranges.min_ranges = static_cast<int>(sizes.num_tasks);
  ranges.min_bytes = ExchangeSizes::kMinPartitionBytes;
  return MakeSecondHalf(
      "SortReduce",
      std::make_shared<worker::MergeRunsStepSpec>("SortReduce", keys, sort.limit_rows()), sizes,
      MakeOperatorNode(std::make_unique<exec::RangeExchangeOperator>(std::move(ranges)),
                       std::move(runs)));
}

}  // namespace headrace::planner
