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

exec::PartitionExchangeOptions ExchangeOptions(std::string name, std::string type,
                                               const ExchangeSizes& sizes) {
  exec::PartitionExchangeOptions options;
  options.name = std::move(name);
  options.type = std::move(type);
  options.num_partitions = static_cast<int>(sizes.num_partitions);
  options.min_bundle_bytes = ExchangeSizes::kMinPartitionBytes;
  return options;
}

PhysicalNodePtr MakeExchange(exec::PartitionExchangeOptions options, PhysicalNodePtr input) {
  return MakeOperatorNode(std::make_unique<exec::PartitionExchangeOperator>(std::move(options)),
                          std::move(input));
}

PhysicalNodePtr MakeSecondHalf(std::string name, worker::StepSpecPtr step,
                               const ExchangeSizes& sizes, PhysicalNodePtr exchange) {
  PhysicalNodePtr node = MakeMapNode(std::move(name), std::move(step), std::move(exchange));
  node->one_bundle_per_task = true;
  node->may_change_row_count = true;
  node->step_heap_bytes = sizes.partition_bytes;
  return node;
}

std::vector<SortColumn> SortKeysOf(const std::vector<std::string>& columns) {
  std::vector<SortColumn> keys;
  for (const std::string& column : columns) keys.push_back({column, false});
  return keys;
}

}  // namespace headrace::planner
