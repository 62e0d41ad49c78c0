// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <unordered_map>

#include "headrace/backend/local/process_lane.h"
#include "headrace/backend/local/thread_lane.h"
#include "headrace/task/task_backend.h"

namespace headrace::backend {

struct LocalBackendOptions {
  task::Resources resources;
  int64_t object_store_bytes = 1 << 30;
  /// Ceiling of all that the engine adds to the interpreters; < 0: none.
  int64_t memory_bytes = -1;
  MemoryLimits worker_memory;
  store::SpillOptions spill;
  PythonOptions python;
};

/// Runs tasks on this machine: native chains in threads, chains with Python in worker processes.
/// Owned by the engine of the process; any thread.
class LocalBackend final : public task::TaskBackend {
 public:
  explicit LocalBackend(LocalBackendOptions options);

  task::Resources TotalResources() const override { return options_.resources; }
  const std::shared_ptr<store::ObjectStore>& store() const override { return store_; }
  const std::shared_ptr<store::MemoryLedger>& memory() const override { return memory_; }
  void Submit(task::TaskSpec task, task::CompletionSink* sink) override;
  void CreateActor(task::ActorSpec actor, task::CompletionSink* sink) override;
  void SubmitToActor(task::ActorId actor, task::TaskSpec task) override;
  void Acknowledge(task::TaskId task, int64_t num_blocks) override;
  void Cancel(task::TaskId task) override;
  void KillActor(task::ActorId actor) override;
  void Join(task::CompletionSink* sink) override;
  /// Memory is short: workers give back what they keep for reuse, and with `end_idle` those without
  /// work end.
  void TrimWorkers(bool end_idle) { processes_.Trim(end_idle); }
  /// The worker processes, and the one that forks them.
  ProcessLane::Processes processes() const { return processes_.processes(); }
  /// Slots that tasks and actors of all executions hold now.
  task::Resources UsedResources();
  /// Python functions that need `modules` are about to be used: lets the zygote load meanwhile.
  void WarmUpPython(std::vector<std::string> modules = {}, Zygote::Use use = Zygote::Use::kTasks) {
    processes_.WarmUp(std::move(modules), use);
  }

 private:
  const LocalBackendOptions options_;
  const std::shared_ptr<store::MemoryLedger> memory_;
  const std::shared_ptr<store::ObjectStore> store_;
  std::mutex mutex_;
  std::unordered_map<task::ActorId, task::CompletionSink*> process_actors_ HR_GUARDED_BY(mutex_);
  ProcessLane processes_;
  ThreadLane threads_;
};

}  // namespace headrace::backend
