// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "headrace/exec/streaming_executor.h"
#include "headrace/testkit/blocks.h"
#include "headrace/testkit/manual_backend.h"
#include "headrace/testkit/topology_builder.h"

namespace headrace::testkit {

/// Limits that hold nothing back: four CPUs and a gigabyte.
inline exec::ExecutorOptions RoomyOptions() {
  exec::ExecutorOptions options;
  options.limits.slots = {4, 0, 0};
  return options;
}

/// A running topology over a backend.
class TestRun {
 public:
  TestRun(exec::Topology topology, std::shared_ptr<task::TaskBackend> backend,
          exec::ExecutorOptions options = RoomyOptions())
      : executor_(std::make_unique<exec::StreamingExecutor>(std::move(topology), std::move(backend),
                                                            std::move(options))) {
    executor_->Start();
  }
  TestRun(TopologyBuilder& builder, std::shared_ptr<task::TaskBackend> backend,
          exec::ExecutorOptions options = RoomyOptions())
      : TestRun(builder.Build(), std::move(backend), std::move(options)) {}

  exec::StreamingExecutor& executor() { return *executor_; }

  /// Takes output until the end. Ids in order, also of what came before an error.
  Status TakeAll(std::vector<int64_t>* ids) {
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const auto blocks, executor_->Take());
      if (blocks.empty()) return Status::OK();
      const std::vector<int64_t> some = Ids(blocks);
      ids->insert(ids->end(), some.begin(), some.end());
    }
  }
  std::vector<int64_t> Rows() {
    std::vector<int64_t> ids;
    const Status status = TakeAll(&ids);
    if (!status.ok()) ADD_FAILURE() << status.ToString();
    return ids;
  }
  /// How the run ends.
  Status Wait() {
    std::vector<int64_t> ids;
    return TakeAll(&ids);
  }
  /// Nothing of the run is left afterwards.
  void End() { executor_.reset(); }

 private:
  std::unique_ptr<exec::StreamingExecutor> executor_;
};

}  // namespace headrace::testkit
