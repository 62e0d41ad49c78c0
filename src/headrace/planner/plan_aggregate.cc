// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/aggregate_state.h"
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/native_steps.h"

namespace headrace::planner {
namespace {

std::vector<compute::AggregateSpec> SpecsOf(const plan::PartialAggregate& aggregate) {
  std::vector<compute::AggregateSpec> specs;
  for (const auto& one : aggregate.aggregates()) {
    specs.push_back({one.function, one.column, one.ignore_nulls, one.ddof});
  }
  return specs;
}

/// What all rows of `source` contribute to `spec`; nullopt when it takes reading to tell.
Result<std::optional<compute::AggregateState>> KnownState(const compute::AggregateSpec& spec,
                                                          const Datasource& source) {
  compute::AggregateState state;
  if (spec.column.empty()) {
    ARROW_ASSIGN_OR_RAISE(const auto rows, source.CountRows());
    if (!rows) return std::nullopt;
    state.count = *rows;
    return state;
  }
  if (spec.function != "min" && spec.function != "max" && spec.function != "count") {
    return std::nullopt;
  }
  ARROW_ASSIGN_OR_RAISE(auto parts, source.SummarizeColumn(spec.column));
  if (!parts) return std::nullopt;
  for (ColumnSummary& part : *parts) {
    compute::AggregateState one;
    one.count = part.num_rows - part.num_nulls;
    one.nulls = part.num_nulls;
    one.value = std::move(spec.function == "min" ? part.min : part.max);
    if (spec.function == "count") one.value = nullptr;
    ARROW_RETURN_NOT_OK(compute::MergeState(spec.function, one, &state));
  }
  return state;
}

}  // namespace

Result<PhysicalNodePtr> PlanKnownAggregate(const plan::LogicalOperatorPtr& node,
                                           const PlanContext& context) {
  const auto* aggregate = plan::As<plan::PartialAggregate>(node);
  if (aggregate == nullptr || context.dry_run) return nullptr;
  const auto* read = plan::As<plan::Read>(node->input());
  if (read == nullptr || read->limit_rows() >= 0) return nullptr;
  const std::vector<compute::AggregateSpec> specs = SpecsOf(*aggregate);
  std::vector<compute::AggregateState> states;
  for (const compute::AggregateSpec& spec : specs) {
    ARROW_ASSIGN_OR_RAISE(auto state, KnownState(spec, *read->source()));
    if (!state) return nullptr;
    states.push_back(*std::move(state));
  }
  ARROW_ASSIGN_OR_RAISE(Block block, compute::StatesToBlock(specs, states));
  auto out = std::make_unique<PhysicalNode>();
  out->kind = PhysicalNode::Kind::kInput;
  out->name = "Metadata";
  out->bundles.emplace_back(task::PutBlock(*context.store, std::move(block)));
  return out;
}

Result<PhysicalNodePtr> PlanAggregate(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input) {
  PhysicalNodePtr out;
  if (plan::As<plan::Count>(node) != nullptr) {
    out = MakeMapNode("Count", std::make_shared<worker::CountStepSpec>(), std::move(input));
  } else if (const auto* aggregate = plan::As<plan::PartialAggregate>(node)) {
    out = MakeMapNode("Aggregate", std::make_shared<worker::AggregateStepSpec>(SpecsOf(*aggregate)),
                      std::move(input));
  } else {
    return Status::Invalid("no physical operator for ", node->name());
  }
  out->may_change_row_count = true;
  return out;
}

}  // namespace headrace::planner
