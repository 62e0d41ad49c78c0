// SPDX-License-Identifier: Apache-2.0
#include "headrace/testkit/topology_builder.h"

#include "headrace/exec/operators/input_operator.h"
#include "headrace/exec/operators/limit_operator.h"
#include "headrace/exec/operators/union_operator.h"
#include "headrace/testkit/blocks.h"

namespace headrace::testkit {

int TopologyBuilder::Range(int64_t num_rows, int64_t num_blocks, int64_t begin) {
  std::vector<task::RefBundle> bundles;
  for (int64_t i = 0; i < num_blocks; ++i) {
    const int64_t first = num_rows * i / num_blocks;
    const int64_t end = num_rows * (i + 1) / num_blocks;
    bundles.push_back(IotaBundle(*store_, end - first, begin + first));
  }
  return Input(std::move(bundles));
}

int TopologyBuilder::Input(std::vector<task::RefBundle> bundles) {
  return topology_.Add(std::make_unique<exec::InputOperator>("Input", std::move(bundles)), {});
}

exec::MapOperatorOptions TopologyBuilder::MapOptions(std::string name, const ChangeMap& change) {
  exec::MapOperatorOptions options;
  options.name = name;
  options.resources = {1, 0, 0};
  options.bundler.may_group = false;
  options.expected_output_bytes = 100;
  if (change) change(options);
  if (options.body == nullptr) options.body = std::make_shared<FakeBody>(std::move(name));
  return options;
}

int TopologyBuilder::Map(std::string name, const ChangeMap& change) {
  return Add(std::make_unique<exec::TaskPoolMapOperator>(MapOptions(std::move(name), change)));
}

int TopologyBuilder::ActorMap(std::string name, exec::ActorPoolOptions pool,
                              const ChangeMap& change) {
  return Add(
      std::make_unique<exec::ActorPoolMapOperator>(MapOptions(std::move(name), change), pool));
}

int TopologyBuilder::Limit(int64_t num_rows) {
  return Add(std::make_unique<exec::LimitOperator>(num_rows));
}

int TopologyBuilder::Union(std::vector<int> inputs) {
  auto op = std::make_unique<exec::UnionOperator>(static_cast<int>(inputs.size()));
  return Add(std::move(op), std::move(inputs));
}

int TopologyBuilder::Add(std::unique_ptr<exec::PhysicalOperator> op) {
  return topology_.Add(std::move(op), Last());
}

int TopologyBuilder::Add(std::unique_ptr<exec::PhysicalOperator> op, std::vector<int> inputs) {
  return topology_.Add(std::move(op), std::move(inputs));
}

}  // namespace headrace::testkit
