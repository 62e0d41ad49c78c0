// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/api/memory_gauge.h"
#include "headrace/api/memory_sizes.h"
#include "headrace/api/spill_settings.h"
#include "headrace/backend/local/local_backend.h"
#include "headrace/base/status.h"

namespace headrace::api {

struct EngineOptions {
  std::optional<int> num_cpus;  // nullopt: what this process may use
  double num_gpus = 0;
  /// Ceiling of all that the engine adds to the interpreters, in bytes; nullopt: 80 % of what this
  /// process may use.
  std::optional<int64_t> memory;
  std::optional<int64_t> object_store_memory;  // bytes, of `memory`; nullopt: 30 % of it
  std::map<std::string, double> resources;     // further logical resources
  backend::PythonOptions python;
  store::SpillOptions spill = DefaultSpillOptions();
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
  const MemorySizes& memory_sizes() const { return memory_; }
  /// Largest size of a block in a run that may use `memory_limit` bytes; < 0: all of the ceiling.
  int64_t MaxBlockBytes(double memory_limit) const;
  MemoryGauge& gauge() const { return *gauge_; }
  /// "CPU", "GPU", "memory", "object_store_memory", "node:127.0.0.1" and the user's own.
  std::map<std::string, double> TotalResources() const;

 private:
  const EngineOptions options_;
  const int num_cpus_;
  const MemorySizes memory_;
  std::shared_ptr<backend::LocalBackend> backend_;
  std::unique_ptr<MemoryGauge> gauge_;  // ends before the backend
};

/// CPUs that this process may use: affinity and cgroup quota, at least 1.
int UsableCpus();
/// Bytes that this process may use: the smallest limit of its control groups, or the machine's
/// memory.
int64_t UsableMemoryBytes();

}  // namespace headrace::api
