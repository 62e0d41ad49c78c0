// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <list>
#include <optional>
#include <vector>

#include "headrace/task/task_backend.h"

namespace headrace::backend {

/// Tasks for worker processes whose inputs are on their way back from disk: nobody waits for the
/// disk in the lane's thread. Tasks of one actor keep their order. The lane's thread only.
class RestoringTasks {
 public:
  struct Waiting {
    task::TaskSpec spec;
    task::CompletionSink* sink = nullptr;
    task::ActorId actor = 0;  // 0: none
    bool restored = false;
  };
  /// `on_restored` is called from any thread when the inputs of a task are there, or cannot be
  /// brought back: then Restored() has to be called. It may be called after this object is gone.
  explicit RestoringTasks(std::function<void(task::TaskId)> on_restored)
      : on_restored_(std::move(on_restored)) {}

  /// Whether `task` cannot be sent at once: part of its input is on disk, or a task of its actor
  /// waits.
  bool MustWait(const task::TaskSpec& task, task::ActorId actor) const;
  /// Takes a task that must wait, and asks for its inputs.
  void Add(task::TaskSpec task, task::CompletionSink* sink, task::ActorId actor);
  /// Takes out the tasks that may be sent now, in the order in which they were added.
  std::vector<Waiting> Restored(task::TaskId task);
  std::optional<Waiting> Remove(task::TaskId task);
  std::vector<Waiting> RemoveOfSink(task::CompletionSink* sink);
  std::vector<Waiting> RemoveOfActor(task::ActorId actor);

 private:
  template <typename Predicate>
  std::vector<Waiting> RemoveIf(Predicate&& predicate);

  const std::function<void(task::TaskId)> on_restored_;
  std::list<Waiting> waiting_;
};

}  // namespace headrace::backend
