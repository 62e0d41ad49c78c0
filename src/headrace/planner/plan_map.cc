// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/steps/map_steps.h"

namespace headrace::planner {
namespace {

worker::UdfMode ModeOf(plan::MapKind kind) {
  switch (kind) {
    case plan::MapKind::kRows:
      return worker::UdfMode::kMapRows;
    case plan::MapKind::kFlatMap:
      return worker::UdfMode::kFlatMap;
    case plan::MapKind::kFilter:
      return worker::UdfMode::kFilterRows;
    case plan::MapKind::kBatches:
      break;
  }
  return worker::UdfMode::kMapBatches;
}

}  // namespace

Result<PhysicalNodePtr> PlanMap(const plan::LogicalOperatorPtr& node, PhysicalNodePtr input,
                                const PlanContext& context) {
  const auto& map = *plan::As<plan::Map>(node);
  worker::StepSpecPtr function;
  if (const auto* python = std::get_if<plan::PythonFunction>(&map.function())) {
    worker::PythonUdf udf;
    udf.name = map.function_name();
    udf.mode = ModeOf(map.kind());
    udf.pickled = python->pickled;
    udf.batch_size = map.batch_size();
    udf.is_class = python->is_class;
    function = std::make_shared<worker::PythonStepSpec>(map.name(), std::move(udf));
  } else {
    function = std::make_shared<worker::NativeStepSpec>(
        map.name(), std::get<plan::NativeFunction>(map.function()));
  }
  PhysicalNodePtr out = MakeMapNode(map.name(), function, std::move(input));
  if (map.batch_size() != 0) {
    out->steps.insert(out->steps.begin(),
                      std::make_shared<worker::BatchStepSpec>(map.batch_size()));
  }
  ApplyMapOptions(map.options(), out.get());
  out->batch_size = std::max<int64_t>(0, map.batch_size());
  out->min_rows = out->batch_size;
  out->may_change_row_count = map.may_change_row_count();
  out->is_map_batches = map.kind() == plan::MapKind::kBatches;
  plan::ComputeStrategy& compute = out->compute;
  if (compute.actors && compute.size < 0 && compute.min_size <= 1 && compute.max_size < 0) {
    if (context.data.actor_min_running > 0) compute.min_size = context.data.actor_min_running;
    if (context.data.actor_max_running > 0) compute.max_size = context.data.actor_max_running;
  }
  return out;
}

}  // namespace headrace::planner
