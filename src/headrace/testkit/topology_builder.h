// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/operators/actor_pool_map_operator.h"
#include "headrace/exec/operators/task_pool_map_operator.h"
#include "headrace/exec/topology.h"
#include "headrace/testkit/fake_body.h"

namespace headrace::testkit {

/// Writes topologies down quickly. Each method returns the index of the operator it added; an
/// operator without an explicit input takes the output of the one added before it.
class TopologyBuilder {
 public:
  using ChangeMap = std::function<void(exec::MapOperatorOptions&)>;

  /// Blocks of sources go into `store`.
  explicit TopologyBuilder(std::shared_ptr<store::ObjectStore> store) : store_(std::move(store)) {}

  /// A source of `num_blocks` blocks with `num_rows` rows in all: `begin`, `begin` + 1, …
  int Range(int64_t num_rows, int64_t num_blocks, int64_t begin = 0);
  /// A source of these bundles.
  int Input(std::vector<task::RefBundle> bundles);
  /// One task per block, one CPU each, no grouping; 100 bytes of output expected of each.
  int Map(std::string name, const ChangeMap& change = {});
  int ActorMap(std::string name, exec::ActorPoolOptions pool, const ChangeMap& change = {});
  int Limit(int64_t num_rows);
  int Union(std::vector<int> inputs);
  int Add(std::unique_ptr<exec::PhysicalOperator> op);
  int Add(std::unique_ptr<exec::PhysicalOperator> op, std::vector<int> inputs);

  exec::Topology Build() { return std::move(topology_); }

 private:
  static exec::MapOperatorOptions MapOptions(std::string name, const ChangeMap& change);
  std::vector<int> Last() const { return {static_cast<int>(topology_.nodes().size()) - 1}; }

  const std::shared_ptr<store::ObjectStore> store_;
  exec::Topology topology_;
};

}  // namespace headrace::testkit
