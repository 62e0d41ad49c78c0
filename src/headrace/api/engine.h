// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/backend/local/local_backend.h"
#include "headrace/base/status.h"

namespace headrace::api {

struct EngineOptions {
  std::optional<int> num_cpus;  // nullopt: what this process may use
  double num_gpus = 0;
  std::optional<int64_t> object_store_memory;  // bytes; nullopt: 30 % of the memory
  std::map<std::string, double> resources;     // further logical resources
  backend::PythonOptions python;
};

/// What runs in this process: lanes, object store, resources. One at a time; executions keep it
/// alive, so that shutdown never pulls it from under them. Any thread.
class Engine {
 public:
  /// Starts the engine of this process, unless it runs already. Nothing listens, and no process is
  /// started before it is needed.
  static Result<std::shared_ptr<Engine>> Start(EngineOptions options);
  /// The running engine; started with defaults if there is none.
  static Result<std::shared_ptr<Engine>> Current();
  static bool IsStarted();
  /// Forgets the engine; it ends with its last execution.
  static void Stop();

  explicit Engine(EngineOptions options);
  const std::shared_ptr<backend::LocalBackend>& backend() const { return backend_; }
  int num_cpus() const { return num_cpus_; }
  /// "CPU", "GPU", "memory", "object_store_memory", "node:127.0.0.1" and the user's own.
  std::map<std::string, double> TotalResources() const;

 private:
  const EngineOptions options_;
  const int num_cpus_;
  const int64_t memory_bytes_;
  const int64_t object_store_bytes_;
  std::shared_ptr<backend::LocalBackend> backend_;
};

/// CPUs that this process may use: affinity and cgroup quota, at least 1.
int UsableCpus();
/// Bytes that this process may use: cgroup limit or the machine's memory.
int64_t UsableMemoryBytes();

}  // namespace headrace::api
