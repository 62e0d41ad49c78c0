// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <unordered_map>

#include "headrace/store/memory_ledger.h"
#include "headrace/task/task_spec.h"

namespace headrace::exec {

/// The tasks in flight of a run: whose each is, and the working memory that it was promised, which
/// is given back when it ends. The tasks of one actor work one after the other and share one
/// promise. Scheduling thread.
class RunningTasks {
 public:
  explicit RunningTasks(std::shared_ptr<store::MemoryLedger> memory) : memory_(std::move(memory)) {}

  /// `node`: index of its operator.
  void Start(task::TaskId task, int node, std::optional<task::ActorId> actor, int64_t heap_bytes);
  /// The node of a task in flight.
  std::optional<int> NodeOf(task::TaskId task) const;
  void End(task::TaskId task);

  template <typename Function>
  void ForEach(int node, Function&& function) const {
    for (const auto& [id, task] : tasks_) {
      if (task.node == node) function(id);
    }
  }
  /// Working memory that the tasks in flight were promised.
  int64_t heap_bytes() const { return heap_bytes_; }

 private:
  struct Task {
    int node = 0;
    task::ActorId actor = 0;  // 0: none
    store::MemoryLedger::Reservation heap;
  };
  struct Actor {
    int tasks = 0;
    store::MemoryLedger::Reservation heap;
  };
  const std::shared_ptr<store::MemoryLedger> memory_;
  std::unordered_map<task::TaskId, Task> tasks_;
  std::unordered_map<task::ActorId, Actor> actors_;  // that have tasks
  int64_t heap_bytes_ = 0;
};

}  // namespace headrace::exec
