// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_sizes.h"
#include "headrace/worker/steps/group_blocks_step.h"
#include "headrace/worker/steps/group_steps.h"
#include "headrace/worker/steps/join_step.h"
#include "headrace/worker/steps/partition_steps.h"

namespace headrace::planner {
namespace {

using Kind = PhysicalNode::Kind;

/// The first half: rows go to the partition of their keys' hash.
PhysicalNodePtr PartitionByHash(const std::string& name, const std::vector<std::string>& keys,
                                const ExchangeSizes& sizes, PhysicalNodePtr input) {
  PhysicalNodePtr map =
      MakeMapNode(name,
                  std::make_shared<worker::HashPartitionStepSpec>(
                      keys, static_cast<int>(sizes.num_partitions), sizes.run_bytes),
                  std::move(input));
  map->min_bytes = sizes.bundle_bytes;
  map->step_heap_bytes = sizes.run_bytes;
  return map;
}

PhysicalNodePtr Exchange(std::string name, std::string type, const ExchangeSizes& sizes,
                         int64_t min_bundle_bytes, std::vector<PhysicalNodePtr> inputs) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = Kind::kPartitionExchange;
  node->name = std::move(name);
  node->partitions.name = node->name;
  node->partitions.type = std::move(type);
  node->partitions.num_inputs = static_cast<int>(inputs.size());
  node->partitions.num_partitions = static_cast<int>(sizes.num_partitions);
  node->partitions.min_bundle_bytes = min_bundle_bytes;
  node->inputs = std::move(inputs);
  return node;
}

/// The second half: one task per bundle of the exchange.
PhysicalNodePtr Reduce(std::string name, worker::StepSpecPtr step, PhysicalNodePtr exchange) {
  PhysicalNodePtr node = MakeMapNode(std::move(name), std::move(step), std::move(exchange));
  node->one_bundle_per_task = true;
  node->may_change_row_count = true;
  return node;
}

std::vector<PhysicalNodePtr> Only(PhysicalNodePtr node) {
  std::vector<PhysicalNodePtr> nodes;
  nodes.push_back(std::move(node));
  return nodes;
}

/// Without keys everything is one group.
int64_t WantedPartitions(const std::vector<std::string>& keys, int64_t num_partitions) {
  return keys.empty() ? 1 : num_partitions;
}

PhysicalNodePtr PlanGroupAggregate(const plan::GroupAggregate& group, const ExchangeSizes& sizes,
                                   PhysicalNodePtr input) {
  std::vector<compute::GroupAggregateSpec> specs;
  for (const Aggregation& one : group.aggregations()) {
    specs.push_back(
        {one.function, one.column, one.name, one.ignore_nulls, one.ddof, one.parameter});
  }
  PhysicalNodePtr map =
      MakeMapNode("PartialAggregate",
                  std::make_shared<worker::PartialGroupStepSpec>(
                      group.keys(), specs, static_cast<int>(sizes.num_partitions)),
                  std::move(input));
  map->may_change_row_count = true;
  map->step_heap_bytes = sizes.run_bytes;
  return Reduce("Aggregate",
                std::make_shared<worker::FinalGroupStepSpec>(group.name(), group.keys(), specs),
                Exchange(group.name(), "HashAggregateOperator", sizes,
                         ExchangeSizes::kMinPartitionBytes, Only(std::move(map))));
}

}  // namespace

Result<PhysicalNodePtr> PlanHashRepartition(const plan::LogicalOperatorPtr& node,
                                            PhysicalNodePtr input, const PlanContext& context) {
  const auto& repartition = *plan::As<plan::HashRepartition>(node);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  const ExchangeSizes sizes = ExchangeSizes::For(context, bytes, repartition.num_blocks());
  PhysicalNodePtr map =
      PartitionByHash("HashShuffleMap", repartition.keys(), sizes, std::move(input));
  PhysicalNodePtr out =
      Reduce("HashShuffleReduce",
             std::make_shared<worker::GroupBlocksStepSpec>(
                 "HashShuffleReduce", repartition.keys(),
                 repartition.sort() ? worker::GroupBlocksStepSpec::Give::kSorted
                                    : worker::GroupBlocksStepSpec::Give::kAsTheyAre),
             Exchange(repartition.name(), "HashShuffleOperator", sizes, /*min_bundle_bytes=*/0,
                      Only(std::move(map))));
  out->target_max_block_size = 0;  // the user said how many blocks there are
  out->keep_small_blocks = true;
  return out;
}

Result<PhysicalNodePtr> PlanGroup(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                  const PlanContext& context) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  if (const auto* group = plan::As<plan::GroupAggregate>(node)) {
    return PlanGroupAggregate(
        *group,
        ExchangeSizes::For(context, bytes,
                           WantedPartitions(group->keys(), group->num_partitions())),
        std::move(input));
  }
  const auto& group = *plan::As<plan::GroupBlocks>(node);
  const ExchangeSizes sizes =
      ExchangeSizes::For(context, bytes, WantedPartitions(group.keys(), group.num_partitions()));
  PhysicalNodePtr map = PartitionByHash("HashShuffleMap", group.keys(), sizes, std::move(input));
  return Reduce("GroupBy",
                std::make_shared<worker::GroupBlocksStepSpec>(
                    "GroupBy", group.keys(), worker::GroupBlocksStepSpec::Give::kOnePerGroup),
                Exchange(group.name(), "HashShuffleOperator", sizes,
                         ExchangeSizes::kMinPartitionBytes, Only(std::move(map))));
}

Result<PhysicalNodePtr> PlanJoin(const plan::LogicalOperatorPtr& node,
                                 std::vector<PhysicalNodePtr> inputs, const PlanContext& context) {
  const JoinOptions& options = plan::As<plan::Join>(node)->options();
  ARROW_ASSIGN_OR_RAISE(const auto left, EstimateInput(node->inputs()[0], context));
  ARROW_ASSIGN_OR_RAISE(const auto right, EstimateInput(node->inputs()[1], context));
  std::optional<int64_t> bytes;
  if (left && right) bytes = *left + *right;
  const ExchangeSizes sizes = ExchangeSizes::For(context, bytes, options.num_partitions);
  compute::JoinSpec spec;
  ARROW_ASSIGN_OR_RAISE(spec.type, compute::ParseJoinType(options.type));
  spec.left_on = options.left_on;
  spec.right_on = options.right_on;
  spec.left_suffix = options.left_suffix;
  spec.right_suffix = options.right_suffix;
  std::vector<PhysicalNodePtr> sides;
  sides.push_back(PartitionByHash("JoinLeft", options.left_on, sizes, std::move(inputs[0])));
  sides.push_back(PartitionByHash("JoinRight", options.right_on, sizes, std::move(inputs[1])));
  return Reduce("Join", std::make_shared<worker::JoinStepSpec>(std::move(spec)),
                Exchange(node->name(), "JoinOperator", sizes, ExchangeSizes::kMinPartitionBytes,
                         std::move(sides)));
}

}  // namespace headrace::planner
