// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/planner.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "headrace/exec/operators/limit_operator.h"
#include "headrace/exec/operators/mix_operator.h"
#include "headrace/exec/operators/union_operator.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/row_count_of.h"
#include "headrace/plan/shuffle_operators.h"

namespace headrace::planner {
using Kind = PhysicalNode::Kind;

std::string_view OperatorType(const PhysicalNode& node) {
  switch (node.kind) {
    case Kind::kInput:
      return "InputDataBuffer";
    case Kind::kMap:
      return node.compute.actors ? "ActorPoolMapOperator" : "TaskPoolMapOperator";
    case Kind::kOperator:
      return node.op->type();
  }
  return "?";
}

std::string ToTreeString(const PhysicalNode& root) {
  std::string text;
  const std::function<void(const PhysicalNode&, int)> print = [&](const PhysicalNode& node,
                                                                  int depth) {
    if (depth > 0) text += std::string(3 * (depth - 1), ' ') + "+- ";
    text += std::string(OperatorType(node)) + "[" + node.name + "]\n";
    for (const auto& input : node.inputs) print(*input, depth + 1);
  };
  print(root, 0);
  return text;
}

PhysicalNodePtr MakeOperatorNode(std::unique_ptr<exec::PhysicalOperator> op,
                                 std::vector<PhysicalNodePtr> inputs) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = Kind::kOperator;
  node->name = op->name();
  node->op = std::move(op);
  node->inputs = std::move(inputs);
  return node;
}

PhysicalNodePtr MakeOperatorNode(std::unique_ptr<exec::PhysicalOperator> op,
                                 PhysicalNodePtr input) {
  std::vector<PhysicalNodePtr> inputs;
  inputs.push_back(std::move(input));
  return MakeOperatorNode(std::move(op), std::move(inputs));
}

PhysicalNodePtr MakeMapNode(std::string name, worker::StepSpecPtr step, PhysicalNodePtr input) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = Kind::kMap;
  node->name = std::move(name);
  node->steps.push_back(std::move(step));
  node->inputs.push_back(std::move(input));
  return node;
}

Result<std::optional<int64_t>> EstimateInput(const plan::LogicalOperatorPtr& node,
                                             const PlanContext& context) {
  if (context.dry_run) return std::nullopt;
  return plan::SizeEstimateOf(node);
}

void ApplyMapOptions(const plan::MapOptions& options, PhysicalNode* node) {
  node->compute = options.compute;
  node->resources = options.resources;
  node->target_max_block_size = options.target_max_block_size;
}

Result<PhysicalNodePtr> Lower(const plan::LogicalOperatorPtr& node, const PlanContext& context) {
  if (plan::As<plan::Read>(node) != nullptr) return PlanRead(node, context);
  if (plan::As<plan::InputData>(node) != nullptr) return PlanInputData(node, context);
  ARROW_ASSIGN_OR_RAISE(auto known, PlanKnownAggregate(node, context));
  if (known != nullptr) return known;
  // A task that groups what it reads sends all its groups at its end: few tasks send fewer.
  PlanContext below = context;
  if (plan::As<plan::GroupAggregate>(node) != nullptr) below.max_read_tasks_per_cpu = 2;
  const auto* map = plan::As<plan::Map>(node);
  below.batch_rows = map != nullptr ? std::max<int64_t>(0, map->batch_size()) : 0;
  std::vector<PhysicalNodePtr> inputs;
  for (const auto& input : node->inputs()) {
    ARROW_ASSIGN_OR_RAISE(auto lowered, Lower(input, below));
    inputs.push_back(std::move(lowered));
  }
  if (plan::As<plan::Union>(node) != nullptr) {
    auto op = std::make_unique<exec::UnionOperator>(static_cast<int>(inputs.size()));
    return MakeOperatorNode(std::move(op), std::move(inputs));
  }
  if (const auto* mix = plan::As<plan::Mix>(node)) {
    auto op = std::make_unique<exec::MixOperator>(mix->weights(), mix->stop_on_shortest());
    return MakeOperatorNode(std::move(op), std::move(inputs));
  }
  if (plan::As<plan::Join>(node) != nullptr) return PlanJoin(node, std::move(inputs), context);
  if (plan::As<plan::Zip>(node) != nullptr) return PlanZip(std::move(inputs));
  PhysicalNodePtr input = std::move(inputs.front());
  if (const auto* limit = plan::As<plan::Limit>(node)) {
    return MakeOperatorNode(std::make_unique<exec::LimitOperator>(limit->rows()), std::move(input));
  }
  if (map != nullptr) return PlanMap(node, std::move(input), context);
  if (plan::As<plan::FilterExpr>(node) != nullptr) return PlanFilterExpr(node, std::move(input));
  if (plan::As<plan::Project>(node) != nullptr) return PlanProject(node, std::move(input));
  if (plan::As<plan::Repartition>(node) != nullptr) return PlanRepartition(node, std::move(input));
  if (plan::As<plan::StreamingRepartition>(node) != nullptr) {
    return PlanStreamingRepartition(node, std::move(input));
  }
  if (plan::As<plan::Sort>(node) != nullptr) return PlanSort(node, std::move(input), context);
  if (plan::As<plan::RandomShuffle>(node) != nullptr ||
      plan::As<plan::RandomizeBlockOrder>(node) != nullptr) {
    return PlanRandomShuffle(node, std::move(input), context);
  }
  if (plan::As<plan::HashRepartition>(node) != nullptr) {
    return PlanHashRepartition(node, std::move(input), context);
  }
  if (plan::As<plan::GroupAggregate>(node) != nullptr ||
      plan::As<plan::GroupBlocks>(node) != nullptr) {
    return PlanGroup(node, std::move(input), context);
  }
  if (plan::As<plan::Write>(node) != nullptr) return PlanWrite(node, std::move(input));
  return PlanAggregate(node, std::move(input));
}

}  // namespace headrace::planner
