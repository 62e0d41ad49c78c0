// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <functional>
#include <utility>

#include "headrace/exec/operators/actor_pool_map_operator.h"
#include "headrace/exec/operators/input_operator.h"
#include "headrace/exec/operators/task_pool_map_operator.h"
#include "headrace/planner/planner.h"
#include "headrace/worker/transform_chain.h"

namespace headrace::planner {
namespace {

using Kind = PhysicalNode::Kind;

exec::ActorPoolOptions PoolOptions(const PhysicalNode& node, const PlanContext& context,
                                   double cpus) {
  const plan::ComputeStrategy& compute = node.compute;
  exec::ActorPoolOptions pool;
  pool.min_size = compute.size >= 0 ? compute.size : std::max<int64_t>(1, compute.min_size);
  pool.max_size = compute.size >= 0 ? compute.size : compute.max_size;
  if (pool.max_size < 0) {
    // As many as can work at the same time.
    const double fit = cpus > 0 ? context.num_cpus / cpus : context.num_cpus;
    pool.max_size = std::max<int64_t>(pool.min_size, static_cast<int64_t>(fit));
  }
  pool.initial_size = compute.initial_size;
  pool.max_concurrency = std::max<int64_t>(1, compute.max_concurrency);
  pool.max_tasks_in_flight = compute.max_tasks_in_flight > 0 ? compute.max_tasks_in_flight
                             : context.data.max_tasks_in_flight_per_actor > 0
                                 ? context.data.max_tasks_in_flight_per_actor
                                 : 2 * pool.max_concurrency;
  pool.scale_up_threshold = context.data.actor_scale_up_threshold;
  pool.scale_down_threshold = context.data.actor_scale_down_threshold;
  pool.max_growth = context.data.actor_max_upscaling_delta;
  pool.max_restarts = compute.max_restarts;
  return pool;
}

/// Working memory of a task until some have been measured: what its reader declares, and a block on
/// its way in and one on its way out of what follows.
int64_t ExpectedHeapBytes(const PhysicalNode& node, int64_t block_bytes) {
  const int64_t blocks = 2 * std::max<int64_t>(1 << 20, block_bytes);
  if (node.reader_heap_bytes < 0) return blocks + node.step_heap_bytes;
  return node.reader_heap_bytes + node.step_heap_bytes + (node.steps.size() > 1 ? blocks : 0);
}

/// How far a list of files gets ahead of those who read them, in names and sizes (about a hundred
/// bytes each): some thousands of files for each slot, while a task reads a thousand at most.
constexpr int64_t kListedAheadBytes = 256 << 10;
/// A lister pauses after so much, if it is that far ahead.
constexpr int64_t kListedPauseBytes = 64 << 10;

/// Nobody can tell where a block of `node` ended: its consumer cuts rows anew.
bool BordersAreLost(const PhysicalNode& node, const PhysicalNode* consumer) {
  if (consumer == nullptr || node.keep_small_blocks) return false;
  return consumer->cuts_rows_anew || consumer->batch_size > 0;
}

std::unique_ptr<exec::PhysicalOperator> MakeMapOperator(PhysicalNode& node,
                                                        const PhysicalNode* consumer,
                                                        const PlanContext& context,
                                                        std::shared_ptr<exec::ErrorBudget> errors) {
  exec::MapOperatorOptions options;
  options.name = node.name;
  options.reads = node.reads;
  options.resources.cpu = node.resources.num_cpus >= 0 ? node.resources.num_cpus : 1;
  options.resources.gpu = std::max(0.0, node.resources.num_gpus);
  options.resources.memory_bytes = std::max(0.0, node.resources.memory_bytes);
  options.target_max_block_size =
      node.target_max_block_size.value_or(context.data.target_max_block_size);
  options.expected_heap_bytes = ExpectedHeapBytes(node, options.target_max_block_size);
  worker::ChainOptions chain;
  chain.num_cpus = options.resources.cpu;
  chain.max_errored_files = context.data.max_errored_blocks;
  chain.inline_udfs = context.data.inline_udfs;
  chain.keep_small_blocks = node.keep_small_blocks;
  chain.read_buffer_bytes = context.data.streaming_read_buffer_size;
  chain.memory = context.memory;
  chain.working_directory = context.working_directory;
  options.body = std::make_shared<worker::TransformChain>(node.name, std::move(node.steps), chain);
  options.max_running = node.compute.actors ? -1 : node.compute.size;
  options.bundler.min_rows = node.reads ? 0 : node.min_rows;
  options.bundler.min_bytes = node.reads ? 0 : node.min_bytes;
  options.bundler.may_group = !node.one_bundle_per_task && context.data.max_errored_blocks == 0;
  options.bundler.num_slots = context.num_cpus;
  options.expected_output_bytes = node.expected_output_bytes >= 0
                                      ? node.expected_output_bytes
                                      : std::max<int64_t>(1, options.target_max_block_size);
  options.target_min_block_size = context.data.target_min_block_size;
  options.keep_borders = !BordersAreLost(node, consumer);
  options.max_unread_blocks = context.data.max_blocks_in_streaming_gen_buffer;
  options.eager_free = context.data.eager_free;
  options.write_id = context.write_id;
  if (node.lists_files) {
    options.resources.cpu = 0;  // it waits for storage, and the readers wait for it
    options.max_store_bytes = kListedAheadBytes * std::max(1, context.num_cpus);
    options.target_min_block_size = kListedPauseBytes;
    options.expected_output_bytes = kListedPauseBytes;
    errors = nullptr;
  }
  options.max_retries = static_cast<int>(context.data.max_task_retries);
  options.errors = std::move(errors);
  if (!node.compute.actors) {
    return std::make_unique<exec::TaskPoolMapOperator>(std::move(options));
  }
  const double cpus = options.resources.cpu;
  return std::make_unique<exec::ActorPoolMapOperator>(std::move(options),
                                                      PoolOptions(node, context, cpus));
}

std::unique_ptr<exec::PhysicalOperator> MakeOperator(PhysicalNode& node,
                                                     const PhysicalNode* consumer,
                                                     const PlanContext& context,
                                                     std::shared_ptr<exec::ErrorBudget> errors) {
  switch (node.kind) {
    case Kind::kInput:
      return std::make_unique<exec::InputOperator>(node.name, std::move(node.bundles));
    case Kind::kOperator:
      return std::move(node.op);
    case Kind::kMap:
      break;
  }
  return MakeMapOperator(node, consumer, context, std::move(errors));
}

}  // namespace

Result<exec::Topology> BuildTopology(PhysicalNodePtr root, const PlanContext& context) {
  exec::Topology topology;
  auto errors = std::make_shared<exec::ErrorBudget>();
  errors->remaining = context.data.max_errored_blocks;
  const std::function<int(PhysicalNode&, const PhysicalNode*)> add =
      [&](PhysicalNode& node, const PhysicalNode* consumer) {
        std::vector<int> inputs;
        for (auto& input : node.inputs) inputs.push_back(add(*input, &node));
        return topology.Add(MakeOperator(node, consumer, context, errors), std::move(inputs));
      };
  add(*root, nullptr);
  return topology;
}

}  // namespace headrace::planner
