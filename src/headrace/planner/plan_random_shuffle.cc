// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "headrace/exec/shuffle/block_order_operator.h"
#include "headrace/exec/shuffle/row_number_operator.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_nodes.h"
#include "headrace/worker/steps/shuffle_steps.h"

namespace headrace::planner {
namespace {

using Kind = PhysicalNode::Kind;

/// Puts the order into what is read first: a read over shuffled descriptions reads in that order.
PhysicalNodePtr PlanBlockOrder(uint64_t seed, PhysicalNodePtr input) {
  PhysicalNodePtr* source = &input;
  while ((*source)->kind == Kind::kMap && !(*source)->lists_files) {
    source = &(*source)->inputs.front();
  }
  if ((*source)->lists_files) {  // the lists get the order, once there are all of them
    *source =
        MakeOperatorNode(std::make_unique<exec::BlockOrderOperator>(seed), std::move(*source));
    return input;
  }
  if ((*source)->kind == Kind::kInput) {
    exec::BlockOrderOperator::Shuffle(&(*source)->bundles, seed);
    return input;
  }
  return MakeOperatorNode(std::make_unique<exec::BlockOrderOperator>(seed), std::move(input));
}

}  // namespace

Result<PhysicalNodePtr> PlanRandomShuffle(const plan::LogicalOperatorPtr& node,
                                          PhysicalNodePtr input, const PlanContext& context) {
  if (const auto* blocks = plan::As<plan::RandomizeBlockOrder>(node)) {
    return PlanBlockOrder(blocks->seed(), std::move(input));
  }
  const uint64_t seed = plan::As<plan::RandomShuffle>(node)->seed();
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  const ExchangeSizes sizes = ExchangeSizes::For(context, bytes);

  // A run each: blocks that a task has partitioned wait for its end.
  PhysicalNodePtr numbers =
      MakeOperatorNode(std::make_unique<exec::RowNumberOperator>(
                           "RowNumbers", std::min(sizes.bundle_bytes, sizes.run_bytes)),
                       std::move(input));
  PhysicalNodePtr map =
      MakeFirstHalf("ShuffleMap",
                    std::make_shared<worker::ShufflePartitionStepSpec>(
                        seed, static_cast<int>(sizes.num_partitions), sizes.run_bytes),
                    sizes, std::move(numbers));
  map->one_bundle_per_task = true;
  map->min_bytes = 0;
  return MakeSecondHalf(
      "ShuffleReduce", std::make_shared<worker::ShuffleMergeStepSpec>("ShuffleReduce"), sizes,
      MakeExchange(ExchangeOptions("RandomShuffle", "AllToAllOperator", sizes), std::move(map)));
}

}  // namespace headrace::planner
