// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>

#include "headrace/planner/planner.h"

namespace headrace::planner {
namespace {

using Kind = PhysicalNode::Kind;

/// Slots as the scheduler counts them: one CPU and no GPU unless the user says otherwise.
plan::Resources Effective(plan::Resources resources) {
  if (resources.num_cpus < 0) resources.num_cpus = 1;
  if (resources.num_gpus < 0) resources.num_gpus = 0;
  if (resources.memory_bytes < 0) resources.memory_bytes = 0;
  return resources;
}

bool SaysNothing(const PhysicalNode& node) {
  return node.compute == plan::ComputeStrategy{} && node.resources == plan::Resources{};
}

bool NeedsPython(const PhysicalNode& node) {
  return std::any_of(node.steps.begin(), node.steps.end(),
                     [](const auto& step) { return step->needs_python(); });
}

/// A task of `up` has rows enough for the batches that `down` asked for.
bool RowsSuffice(const PhysicalNode& up, const PhysicalNode& down) {
  if (down.min_rows <= 0 || !up.may_change_row_count || up.is_map_batches) return true;
  return up.reads && up.steps.size() == 1 && up.rows_per_read_task >= down.min_rows;
}

bool CanFuse(const PhysicalNode& up, const PhysicalNode& down) {
  if (up.kind != Kind::kMap || down.kind != Kind::kMap) return false;
  if (down.one_bundle_per_task) return false;  // its bundles are cut by the operator before it
  if (up.target_max_block_size && down.target_max_block_size &&
      up.target_max_block_size != down.target_max_block_size) {
    return false;
  }
  if (!RowsSuffice(up, down)) return false;
  if (up.compute.actors) {
    // Native steps that follow an actor ride along: a write leaves with the batch that it writes.
    return SaysNothing(down) && !NeedsPython(down) && down.min_rows == 0;
  }
  if (down.compute.actors) return false;  // a change of compute strategy
  if (SaysNothing(down) && !NeedsPython(down)) return true;
  return Effective(up.resources) == Effective(down.resources) &&
         up.compute.size == down.compute.size;
}

PhysicalNodePtr Fuse(PhysicalNodePtr up, PhysicalNodePtr down) {
  up->name += "->" + down->name;
  for (auto& step : down->steps) up->steps.push_back(std::move(step));
  if (!up->reads && !up->one_bundle_per_task) {
    up->min_rows = std::max(up->min_rows, down->min_rows);
    up->min_bytes = std::max(up->min_bytes, down->min_bytes);
  }
  up->batch_size = up->batch_size != 0 ? up->batch_size : down->batch_size;
  up->step_heap_bytes += down->step_heap_bytes;
  up->may_change_row_count |= down->may_change_row_count;
  up->is_map_batches = down->is_map_batches;
  if (!up->target_max_block_size) up->target_max_block_size = down->target_max_block_size;
  return up;
}

}  // namespace

PhysicalNodePtr FuseOperators(PhysicalNodePtr root) {
  for (auto& input : root->inputs) input = FuseOperators(std::move(input));
  if (root->inputs.size() != 1 || !CanFuse(*root->inputs.front(), *root)) return root;
  PhysicalNodePtr up = std::move(root->inputs.front());
  return Fuse(std::move(up), std::move(root));
}

}  // namespace headrace::planner
