// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/datasource.h"
#include "headrace/expr/evaluate.h"

namespace headrace::plan {

class LogicalOperator;
using LogicalOperatorPtr = std::shared_ptr<const LogicalOperator>;

/// What one task (or actor) of an operator needs. -1: not said by the user.
struct Resources {
  double num_cpus = -1;
  double num_gpus = -1;
  double memory_bytes = -1;
  bool operator==(const Resources&) const = default;
};

/// Where the function runs: in stateless tasks, or in a pool of actors that keep state.
struct ComputeStrategy {
  bool actors = false;
  int64_t size = -1;                 // tasks: cap of running ones; -1: no cap. Unused for actors.
  int64_t min_size = 1;              // actors
  int64_t max_size = -1;             // actors; -1: as many as resources allow
  int64_t initial_size = -1;         // -1: min_size
  int64_t max_tasks_in_flight = -1;  // per actor; -1: the context's default
  int64_t max_concurrency = 1;       // calls at a time in one actor
  int64_t max_restarts = -1;         // of one actor; -1: no limit
  bool operator==(const ComputeStrategy&) const = default;
};

/// What the user may say about any map-like operator.
struct MapOptions {
  ComputeStrategy compute;
  Resources resources;
  std::optional<int64_t> target_max_block_size;  // overrides the context's
  std::optional<bool> preserve_order;
  bool operator==(const MapOptions&) const = default;
};

/// Immutable node of a logical plan; children are its inputs.
class LogicalOperator {
 public:
  explicit LogicalOperator(std::vector<LogicalOperatorPtr> inputs) : inputs_(std::move(inputs)) {}
  virtual ~LogicalOperator() = default;
  /// Class name: "MapBatches".
  virtual std::string_view type() const = 0;
  /// Name for people: "MapBatches(f)".
  virtual std::string name() const { return std::string(type()); }
  /// The same operator over other inputs (same number of them).
  virtual LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const = 0;
  const std::vector<LogicalOperatorPtr>& inputs() const { return inputs_; }
  const LogicalOperatorPtr& input() const { return inputs_.front(); }

 private:
  std::vector<LogicalOperatorPtr> inputs_;
};

/// `node` as a T, or nullptr.
template <typename T>
const T* As(const LogicalOperatorPtr& node) {
  return dynamic_cast<const T*>(node.get());
}

/// Tree from sink to source, one `Class[Name]` per line, children indented under `+- `.
std::string ToTreeString(const LogicalOperatorPtr& root);

}  // namespace headrace::plan
