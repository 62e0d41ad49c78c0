// SPDX-License-Identifier: Apache-2.0
#include "headrace/planner/exchange_nodes.h"

namespace headrace::planner {

PhysicalNodePtr MakeFirstHalf(std::string name, worker::StepSpecPtr step,
                              const ExchangeSizes& sizes, PhysicalNodePtr input) {
  PhysicalNodePtr node = MakeMapNode(std::move(name), std::move(step), std::move(input));
  node->may_change_row_count = true;
  node->min_bytes = sizes.bundle_bytes;
  node->step_heap_bytes = sizes.run_bytes;
  return node;
}

PhysicalNodePtr MakePartitionExchange(std::string name, std::string type, int64_t num_partitions,
                                      bool keeps_all, std::vector<PhysicalNodePtr> inputs) {
  auto node = std::make_unique<PhysicalNode>();
  node->kind = PhysicalNode::Kind::kPartitionExchange;
  node->name = std::move(name);
  node->partitions.name = node->name;
  node->partitions.type = std::move(type);
  node->partitions.num_inputs = static_cast<int>(inputs.size());
  node->partitions.num_partitions = static_cast<int>(num_partitions);
  node->partitions.min_bundle_bytes = keeps_all ? 0 : ExchangeSizes::kMinPartitionBytes;
  node->inputs = std::move(inputs);
  return node;
}

PhysicalNodePtr MakeSecondHalf(std::string name, worker::StepSpecPtr step,
                               const ExchangeSizes& sizes, PhysicalNodePtr exchange) {
  PhysicalNodePtr node = MakeMapNode(std::move(name), std::move(step), std::move(exchange));
  node->one_bundle_per_task = true;
  node->may_change_row_count = true;
  node->step_heap_bytes = sizes.partition_bytes;
  return node;
}

std::vector<PhysicalNodePtr> Only(PhysicalNodePtr node) {
  std::vector<PhysicalNodePtr> nodes;
  nodes.push_back(std::move(node));
  return nodes;
}

std::vector<compute::SortKey> SortKeysOf(const std::vector<std::string>& columns) {
  std::vector<compute::SortKey> keys;
  for (const std::string& column : columns) keys.push_back({column, false});
  return keys;
}

}  // namespace headrace::planner
