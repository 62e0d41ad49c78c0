// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "headrace/backend/local/task_gate.h"
#include "headrace/base/lock_annotations.h"
#include "headrace/task/task_backend.h"

namespace headrace::backend {

/// Runs native chains in threads of this process. Threads are made when work waits and none is
/// idle: how much runs at a time is the scheduler's decision. Any thread may call it.
class ThreadLane {
 public:
  explicit ThreadLane(std::shared_ptr<store::ObjectStore> store) : store_(std::move(store)) {}
  ~ThreadLane();

  void Submit(task::TaskSpec task, task::CompletionSink* sink);
  void CreateActor(task::ActorSpec actor, task::CompletionSink* sink);
  /// False when there is no such actor here.
  bool SubmitToActor(task::ActorId actor, task::TaskSpec task);
  /// False when the task is not here, or not any more.
  bool Acknowledge(task::TaskId task, int64_t num_blocks);
  void Cancel(task::TaskId task);
  void KillActor(task::ActorId actor);
  void Join(task::CompletionSink* sink);
  /// Slots of the tasks that wait or run here; a paused task holds no CPU.
  task::Resources UsedResources();

 private:
  struct Job {
    task::TaskSpec task;
    task::CompletionSink* sink = nullptr;
    std::shared_ptr<TaskGate> gate = std::make_shared<TaskGate>();
    task::ActorId actor = 0;  // 0: none
    bool make_actor = false;
    std::shared_ptr<const task::TaskBody> body;  // of an actor to be made
  };
  struct Actor {
    task::CompletionSink* sink = nullptr;
    std::shared_ptr<task::TaskRunner> runner;  // nullptr until made
    std::deque<Job> waiting;                   // tasks of one actor run one after the other
    bool running = false;
    Status failure;  // it could not be made; its tasks fail until its run ends
  };
  using Lock = std::unique_lock<std::mutex>;

  void Enqueue(Job job, const Lock&);
  /// Ends jobs that never ran. Their sink may be joined only afterwards.
  void FailJobs(std::deque<Job> jobs, const Status& status);
  void Work();
  void Execute(Job& job);
  void MakeActor(Job& job);
  void RunTask(Job& job, const std::shared_ptr<task::TaskRunner>& runner);
  void ContinueActor(task::ActorId actor, const Lock& lock);

  const std::shared_ptr<store::ObjectStore> store_;
  std::mutex mutex_;
  std::condition_variable work_;
  std::condition_variable ended_;
  std::deque<Job> ready_ HR_GUARDED_BY(mutex_);
  std::unordered_map<task::ActorId, Actor> actors_ HR_GUARDED_BY(mutex_);
  struct LiveTask {
    std::shared_ptr<TaskGate> gate;
    task::CompletionSink* sink = nullptr;
    task::Resources resources;
    task::ActorId actor = 0;
  };
  std::unordered_map<task::TaskId, LiveTask> live_ HR_GUARDED_BY(mutex_);
  std::unordered_map<task::CompletionSink*, int64_t> jobs_of_sink_ HR_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ HR_GUARDED_BY(mutex_);
  int idle_ HR_GUARDED_BY(mutex_) = 0;
  bool closed_ HR_GUARDED_BY(mutex_) = false;
};

}  // namespace headrace::backend
