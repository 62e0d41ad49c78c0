// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>

#include "headrace/exec/shuffle/join_exchange_operator.h"
#include "headrace/exec/shuffle/join_strategy_operator.h"
#include "headrace/plan/schema_of.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/planner/exchange_nodes.h"
#include "headrace/worker/steps/join_partition_step.h"
#include "headrace/worker/steps/join_step.h"

namespace headrace::planner {
namespace {

using compute::JoinType;
using Side = worker::JoinPartitionStepSpec::Side;

/// A build side that is expected to have more than so many times the limit of a broadcast is
/// partitioned at once. Filters and joins below it are expected to keep everything.
constexpr int64_t kHopeOfLess = 4;

/// Bytes of a side; nullopt: unknown.
using Estimates = std::array<std::optional<int64_t>, 2>;

/// The side that every task may have in a broadcast, given what is known: rows of the other side
/// alone decide what becomes of rows without a match. nullopt: neither.
std::optional<int> BuildSide(JoinType type, const Estimates& bytes) {
  switch (type) {
    case JoinType::kFullOuter:
      return std::nullopt;
    case JoinType::kLeftOuter:
    case JoinType::kLeftSemi:
    case JoinType::kLeftAnti:
      return 1;
    case JoinType::kRightOuter:
    case JoinType::kRightSemi:
    case JoinType::kRightAnti:
      return 0;
    case JoinType::kInner:
      break;
  }
  return bytes[0].has_value() && bytes[1].has_value() && *bytes[0] < *bytes[1] ? 0 : 1;
}

/// Columns of `node` that are text, whatever form they come in.
Result<std::vector<std::string>> TextColumns(const plan::LogicalOperatorPtr& node,
                                             const PlanContext& context) {
  std::vector<std::string> names;
  if (context.dry_run) return names;
  ARROW_ASSIGN_OR_RAISE(const auto schema, plan::SchemaOf(node));
  if (schema == nullptr) return names;
  for (const auto& field : schema->fields()) {
    if (arrow::is_base_binary_like(field->type()->id())) names.push_back(field->name());
  }
  return names;
}

/// A join whose sides meet as the size of one of them asks for when it is there.
PhysicalNodePtr MeetAdaptively(std::vector<PhysicalNodePtr> inputs, std::array<Side, 2> sides,
                               exec::PartitionExchangeOptions exchange, int build_side,
                               int64_t max_broadcast_bytes, const ExchangeSizes& sizes) {
  exec::JoinStrategyOptions strategy;
  strategy.build_side = build_side;
  strategy.max_broadcast_bytes = max_broadcast_bytes;
  strategy.bundle_bytes = sizes.bundle_bytes;
  auto step = std::make_shared<worker::JoinPartitionStepSpec>(
      std::move(sides), /*side=*/std::nullopt, exchange.num_partitions, sizes.hash_run_bytes);
  PhysicalNodePtr map = MakeFirstHalf(
      "JoinMap", std::move(step), sizes,
      MakeOperatorNode(std::make_unique<exec::JoinStrategyOperator>(strategy), std::move(inputs)));
  map->one_bundle_per_task = true;
  map->min_bytes = 0;
  return MakeOperatorNode(std::make_unique<exec::JoinExchangeOperator>(
                              std::move(exchange), build_side, sizes.bundle_bytes),
                          std::move(map));
}

/// A join both of whose sides are partitioned where they are made.
PhysicalNodePtr MeetInPartitions(std::vector<PhysicalNodePtr> inputs, std::array<Side, 2> sides,
                                 exec::PartitionExchangeOptions exchange,
                                 const ExchangeSizes& sizes) {
  constexpr std::array kNames = {"JoinLeft", "JoinRight"};
  for (int side = 0; side < 2; ++side) {
    auto step = std::make_shared<worker::JoinPartitionStepSpec>(
        sides, side, exchange.num_partitions, sizes.hash_run_bytes);
    inputs[side] = MakeFirstHalf(kNames[side], std::move(step), sizes, std::move(inputs[side]));
  }
  return MakeOperatorNode(std::make_unique<exec::PartitionExchangeOperator>(std::move(exchange)),
                          std::move(inputs));
}

}  // namespace

Result<PhysicalNodePtr> PlanJoin(const plan::LogicalOperatorPtr& node,
                                 std::vector<PhysicalNodePtr> inputs, const PlanContext& context) {
  const JoinOptions& options = plan::As<plan::Join>(node)->options();
  Estimates bytes;
  for (int side = 0; side < 2; ++side) {
    ARROW_ASSIGN_OR_RAISE(bytes[side], EstimateInput(node->inputs()[side], context));
  }
  std::optional<int64_t> all_bytes;
  if (bytes[0] && bytes[1]) all_bytes = *bytes[0] + *bytes[1];
  const ExchangeSizes sizes = ExchangeSizes::For(context, all_bytes, options.num_partitions);

  compute::JoinSpec spec;
  ARROW_ASSIGN_OR_RAISE(spec.type, compute::ParseJoinType(options.type));
  spec.left_on = options.left_on;
  spec.right_on = options.right_on;
  spec.left_suffix = options.left_suffix;
  spec.right_suffix = options.right_suffix;
  std::array<Side, 2> sides = {Side{spec.left_on, {}}, Side{spec.right_on, {}}};
  for (int side = 0; side < 2; ++side) {
    ARROW_ASSIGN_OR_RAISE(sides[side].text_columns, TextColumns(node->inputs()[side], context));
  }
  exec::PartitionExchangeOptions exchange = ExchangeOptions(node->name(), "JoinOperator", sizes);
  exchange.num_inputs = 2;

  const std::optional<int> build_side = BuildSide(spec.type, bytes);
  // A task has the side and the index of it beside its own rows.
  const int64_t max_broadcast_bytes = sizes.partition_bytes / 2;
  const bool may_broadcast =
      build_side && bytes[*build_side].value_or(0) <= kHopeOfLess * max_broadcast_bytes;
  PhysicalNodePtr met =
      may_broadcast
          ? MeetAdaptively(std::move(inputs), std::move(sides), std::move(exchange), *build_side,
                           max_broadcast_bytes, sizes)
          : MeetInPartitions(std::move(inputs), std::move(sides), std::move(exchange), sizes);
  return MakeSecondHalf(
      "Join", std::make_shared<worker::JoinStepSpec>(std::move(spec), build_side.value_or(1)),
      sizes, std::move(met));
}

}  // namespace headrace::planner
