// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/shuffle/block_order_operator.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_sizes.h"
#include "headrace/worker/steps/shuffle_steps.h"

namespace headrace::planner {
namespace {

using Kind = PhysicalNode::Kind;

PhysicalNodePtr MakeNode(Kind kind, std::string name, PhysicalNodePtr input) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = kind;
  node->name = std::move(name);
  node->inputs.push_back(std::move(input));
  return node;
}

/// Puts the order into what is read first: a read over shuffled descriptions reads in that order.
Result<PhysicalNodePtr> PlanBlockOrder(uint64_t seed, PhysicalNodePtr input) {
  PhysicalNode* source = input.get();
  while (source->kind == Kind::kMap && source->inputs.size() == 1) {
    source = source->inputs.front().get();
  }
  if (source->kind == Kind::kInput) {
    exec::BlockOrderOperator::Shuffle(&source->bundles, seed);
    return input;
  }
  PhysicalNodePtr out = MakeNode(Kind::kBlockOrder, "RandomizeBlockOrder", std::move(input));
  out->seed = seed;
  return out;
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

  PhysicalNodePtr numbers = MakeNode(Kind::kRowNumbers, "RowNumbers", std::move(input));
  numbers->bundle_bytes = sizes.bundle_bytes;
  PhysicalNodePtr map =
      MakeMapNode("ShuffleMap",
                  std::make_shared<worker::ShufflePartitionStepSpec>(
                      seed, static_cast<int>(sizes.num_partitions), sizes.run_bytes),
                  std::move(numbers));
  map->one_bundle_per_task = true;
  map->step_heap_bytes = sizes.run_bytes;

  PhysicalNodePtr exchange = MakeNode(Kind::kPartitionExchange, "RandomShuffle", std::move(map));
  exchange->partitions.name = exchange->name;
  exchange->partitions.num_partitions = static_cast<int>(sizes.num_partitions);
  exchange->partitions.min_bundle_bytes = ExchangeSizes::kMinPartitionBytes;

  PhysicalNodePtr reduce =
      MakeMapNode("ShuffleReduce", std::make_shared<worker::ShuffleMergeStepSpec>("ShuffleReduce"),
                  std::move(exchange));
  reduce->one_bundle_per_task = true;
  return reduce;
}

}  // namespace headrace::planner
