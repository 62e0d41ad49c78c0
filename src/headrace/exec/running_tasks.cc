// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/running_tasks.h"

namespace headrace::exec {

void RunningTasks::Start(task::TaskId task, int node, std::optional<task::ActorId> actor,
                         int64_t heap_bytes) {
  Task& added = tasks_[task];
  added.node = node;
  if (!actor) {
    added.heap = memory_->ReserveHeap(heap_bytes);
    heap_bytes_ += heap_bytes;
    return;
  }
  added.actor = *actor;
  Actor& worker = actors_[*actor];
  if (worker.tasks++ > 0) return;
  worker.heap = memory_->ReserveHeap(heap_bytes);
  heap_bytes_ += heap_bytes;
}

std::optional<int> RunningTasks::NodeOf(task::TaskId task) const {
  const auto it = tasks_.find(task);
  if (it == tasks_.end()) return std::nullopt;
  return it->second.node;
}

void RunningTasks::End(task::TaskId task) {
  const auto it = tasks_.find(task);
  if (it == tasks_.end()) return;
  const task::ActorId actor = it->second.actor;
  heap_bytes_ -= it->second.heap.bytes();
  tasks_.erase(it);
  if (actor == 0) return;
  const auto worker = actors_.find(actor);
  if (--worker->second.tasks > 0) return;
  heap_bytes_ -= worker->second.heap.bytes();
  actors_.erase(worker);
}

}  // namespace headrace::exec
