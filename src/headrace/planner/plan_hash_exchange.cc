// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_nodes.h"
#include "headrace/worker/steps/group_blocks_step.h"
#include "headrace/worker/steps/group_steps.h"
#include "headrace/worker/steps/partition_steps.h"

namespace headrace::planner {
namespace {

using Give = worker::GroupBlocksStepSpec::Give;

/// The first half: rows go to the partition of their keys' hash.
PhysicalNodePtr PartitionByHash(std::string name, const std::vector<std::string>& keys,
                                const ExchangeSizes& sizes, PhysicalNodePtr input) {
  return MakeFirstHalf(std::move(name),
                       std::make_shared<worker::HashPartitionStepSpec>(
                           keys, static_cast<int>(sizes.num_partitions), sizes.hash_run_bytes),
                       sizes, std::move(input));
}

/// Rows of the input in the partitions of their keys, as `give` says.
PhysicalNodePtr PlanBlocksByKey(std::string name, exec::PartitionExchangeOptions exchange,
                                const std::vector<std::string>& keys, Give give,
                                const ExchangeSizes& sizes, PhysicalNodePtr input) {
  return MakeSecondHalf(
      name, std::make_shared<worker::GroupBlocksStepSpec>(name, SortKeysOf(keys), give), sizes,
      MakeExchange(std::move(exchange),
                   PartitionByHash("HashShuffleMap", keys, sizes, std::move(input))));
}

PhysicalNodePtr PlanGroupAggregate(const plan::GroupAggregate& group, const ExchangeSizes& sizes,
                                   PhysicalNodePtr input) {
  const std::vector<Aggregation>& specs = group.aggregations();
  PhysicalNodePtr map = MakeFirstHalf(
      "PartialAggregate",
      std::make_shared<worker::PartialGroupStepSpec>(
          group.keys(), specs, static_cast<int>(sizes.num_partitions), sizes.hash_run_bytes),
      sizes, std::move(input));
  exec::PartitionExchangeOptions exchange =
      ExchangeOptions(group.name(), "HashAggregateOperator", sizes);
  exchange.num_bundles = static_cast<int>(sizes.num_tasks);
  exchange.max_bundle_bytes = sizes.partition_bytes;
  return MakeSecondHalf(
      "Aggregate", std::make_shared<worker::FinalGroupStepSpec>(group.name(), group.keys(), specs),
      sizes, MakeExchange(std::move(exchange), std::move(map)));
}

}  // namespace

Result<PhysicalNodePtr> PlanHashRepartition(const plan::LogicalOperatorPtr& node,
                                            PhysicalNodePtr input, const PlanContext& context) {
  const auto& repartition = *plan::As<plan::HashRepartition>(node);
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  ExchangeSizes sizes = ExchangeSizes::For(context, bytes);
  sizes.num_partitions = repartition.num_blocks();
  exec::PartitionExchangeOptions exchange =
      ExchangeOptions(repartition.name(), "HashShuffleOperator", sizes);
  exchange.min_bundle_bytes = 0;  // each partition is a block, empty or not
  PhysicalNodePtr out = PlanBlocksByKey(
      "HashShuffleReduce", std::move(exchange), repartition.keys(),
      repartition.sort() ? Give::kSorted : Give::kAsTheyAre, sizes, std::move(input));
  out->target_max_block_size = 0;  // the user said how many blocks there are
  out->keep_small_blocks = true;
  return out;
}

Result<PhysicalNodePtr> PlanGroup(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                  const PlanContext& context) {
  ARROW_ASSIGN_OR_RAISE(const auto bytes, EstimateInput(node->input(), context));
  // Without keys everything is one group.
  const auto sizes = [&](const auto& group) {
    ExchangeSizes of_group = ExchangeSizes::For(context, bytes, group.num_partitions());
    if (group.keys().empty()) of_group.num_partitions = 1;
    return of_group;
  };
  if (const auto* group = plan::As<plan::GroupAggregate>(node)) {
    ExchangeSizes fine = sizes(*group);
    if (bytes && !group->keys().empty() && group->num_partitions() == 0) {
      fine.num_partitions =
          std::max(fine.num_partitions, std::min(*bytes / ExchangeSizes::kCachedPartitionBytes,
                                                 ExchangeSizes::kMaxCachedPartitions));
    }
    return PlanGroupAggregate(*group, fine, std::move(input));
  }
  const auto& group = *plan::As<plan::GroupBlocks>(node);
  const ExchangeSizes of_blocks = sizes(group);
  return PlanBlocksByKey("GroupBy", ExchangeOptions(group.name(), "HashShuffleOperator", of_blocks),
                         group.keys(), Give::kOnePerGroup, of_blocks, std::move(input));
}

}  // namespace headrace::planner
