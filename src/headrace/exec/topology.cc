// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/topology.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace headrace::exec {

void OperatorCounters::Spread::Add(double value) {
  min = count == 0 ? value : std::min(min, value);
  max = count == 0 ? value : std::max(max, value);
  sum += value;
  ++count;
}

void OperatorCounters::NoteBackpressure(std::string_view policy,
                                        std::chrono::steady_clock::time_point now) {
  if (backpressure_policy == policy) return;
  if (!backpressure_policy.empty()) {
    const double seconds = std::chrono::duration<double>(now - backpressure_since).count();
    backpressure_s += seconds;
    auto it = std::find_if(backpressure.begin(), backpressure.end(), [&](const Blocked& blocked) {
      return blocked.policy == backpressure_policy;
    });
    if (it == backpressure.end()) {
      it = backpressure.insert(it, {.policy = backpressure_policy, .seconds = 0});
    }
    it->seconds += seconds;
  }
  backpressure_policy = policy;
  backpressure_since = now;
}

void OperatorCounters::AddBlock(const task::BlockRef& block) {
  block_rows.Add(static_cast<double>(block.num_rows));
  block_bytes.Add(static_cast<double>(block.size_bytes));
  rows_out += block.num_rows;
  bytes_out += block.size_bytes;
  ++blocks_out;
}

void OperatorCounters::AddTask(const task::TaskStats& stats) {
  ++tasks_done;
  wall_s.Add(stats.wall_s);
  cpu_s.Add(stats.cpu_s);
  udf_s.Add(stats.udf_s);
  rows_consumed += stats.rows_consumed;
  rows_in_done += stats.rows_in;
  task_rows.Add(
      static_cast<double>(stats.rows_consumed > 0 ? stats.rows_consumed : stats.rows_out));
  skipped_inputs += stats.skipped_inputs;
  peak_rss_bytes = std::max(peak_rss_bytes, stats.peak_rss_bytes);
  peak_heap_bytes = std::max(peak_heap_bytes, stats.heap_peak_bytes);
}

int Topology::Add(std::unique_ptr<PhysicalOperator> op, std::vector<int> inputs) {
  const int index = static_cast<int>(nodes_.size());
  for (int i = 0; i < static_cast<int>(inputs.size()); ++i) {
    nodes_[inputs[i]].output = index;
    nodes_[inputs[i]].output_input = i;
  }
  Node node;
  node.tasks = dynamic_cast<TaskOperator*>(op.get());
  node.actors = dynamic_cast<ActorOperator*>(op.get());
  node.op = std::move(op);
  node.input_done.assign(inputs.size(), false);
  node.inputs = std::move(inputs);
  nodes_.push_back(std::move(node));
  return index;
}

std::string Topology::ToString() const {
  std::string text;
  for (const Node& node : nodes_) {
    if (!text.empty()) text += " -> ";
    text += std::string(node.op->type()) + "[" + node.op->name() + "]";
  }
  return text;
}

std::string Topology::ToTreeString() const {
  std::string text;
  const std::function<void(int, int)> print = [&](int index, int depth) {
    const Node& node = nodes_[index];
    if (depth > 0) text += std::string(3 * (depth - 1), ' ') + "+- ";
    text += std::string(node.op->type()) + "[" + node.op->name() + "]\n";
    for (const int input : node.inputs) print(input, depth + 1);
  };
  if (!nodes_.empty()) print(static_cast<int>(nodes_.size()) - 1, 0);
  return text;
}

}  // namespace headrace::exec
