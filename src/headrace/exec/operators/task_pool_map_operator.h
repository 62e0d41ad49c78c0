// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "headrace/exec/operators/map_operator.h"

namespace headrace::exec {

/// A fused chain in stateless tasks.
class TaskPoolMapOperator final : public MapOperator {
 public:
  using MapOperator::MapOperator;
  std::string_view type() const override { return "TaskPoolMapOperator"; }
  bool HasTask() const override { return !stopped() && HasInputForTask(); }
  task::Resources TaskResources() const override { return options().resources; }
  task::Resources UsedResources() const override {
    const task::Resources& one = options().resources;
    const double n = num_running();
    return {one.cpu * num_advancing(), one.gpu * n, one.memory_bytes * n};
  }
  Submission StartTask() override { return {MakeTask(), std::nullopt}; }
};

}  // namespace headrace::exec
