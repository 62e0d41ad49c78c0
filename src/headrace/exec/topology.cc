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
