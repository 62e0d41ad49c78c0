// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "headrace/backend/local/worker_process.h"
#include "headrace/base/lock_annotations.h"

namespace headrace::backend {

/// Runs chains with Python functions in worker processes. One thread owns all of them and sleeps in
/// epoll; other threads leave commands. Workers are forked when work waits and none is idle, and
/// kept for the next run.
class ProcessLane {
 public:
  /// Nothing is started before it is needed. `max_idle` workers are kept when there is no work.
  ProcessLane(std::shared_ptr<store::ObjectStore> store, PythonOptions python, int max_idle);
  ~ProcessLane();

  /// Starts the zygote if there is none, so that it loads while the caller goes on.
  /// `modules` are imported there first; workers that are idle give way to ones that share them.
  void WarmUp(std::vector<std::string> modules = {});
  void Submit(task::TaskSpec task, task::CompletionSink* sink);
  void CreateActor(task::ActorSpec actor, task::CompletionSink* sink);
  void SubmitToActor(task::ActorId actor, task::TaskSpec task, task::CompletionSink* sink);
  void Cancel(task::TaskId task);
  void KillActor(task::ActorId actor);
  void Join(task::CompletionSink* sink);
  /// Slots of the tasks that run here and of the actors.
  task::Resources UsedResources();

 private:
  using Command = std::function<void()>;
  using WorkerPtr = std::unique_ptr<WorkerProcess>;

  /// Leaves `command` for the lane's thread. Any thread.
  void Post(Command command);
  void Run();
  void RunCommands();
  void HandleEvent(uint64_t tag, uint32_t events);
  void SendReleases();
  void KillOverdue();
  int PollTimeoutMs() const;

  Status EnsureZygote();
  void HandleZygote();
  Result<WorkerProcess*> StartWorker();
  WorkerProcess* FindIdle();
  void StartTask(task::TaskSpec task, task::CompletionSink* sink);
  void SendTask(WorkerProcess& worker, task::TaskSpec task, task::CompletionSink* sink);
  void Watch(WorkerProcess& worker);
  /// The worker's socket has ended, or cannot be used any more.
  void Lost(uint64_t worker_id, const Status& why);
  void Bury(uint64_t worker_id, const std::string& cause);
  void TrimIdle();
  void FailTask(const task::TaskSpec& task, task::CompletionSink* sink, Status status,
                bool retryable);
  void CheckJoins();
  bool Quiet(task::CompletionSink* sink) const;

  const std::shared_ptr<store::ObjectStore> store_;
  const PythonOptions python_;
  const int max_idle_;

  std::mutex mutex_;
  std::vector<Command> commands_ HR_GUARDED_BY(mutex_);
  bool closed_ HR_GUARDED_BY(mutex_) = false;
  UniqueFd wake_fd_;
  UniqueFd epoll_fd_;

  /// Segments given back, by worker. Shared with buffers that may outlive the lane.
  struct Releases {
    std::mutex mutex;
    std::unordered_map<uint64_t, std::vector<uint64_t>> segments;
    int wake_fd = -1;  // -1: the lane has ended
  };
  const std::shared_ptr<Releases> releases_ = std::make_shared<Releases>();

  // The lane's thread only.
  std::unique_ptr<Zygote> zygote_;
  std::set<std::string> preloaded_;  // by zygote_
  std::unordered_map<uint64_t, WorkerPtr> workers_;
  /// Workers that cannot be used any more, and why; the zygote has not reported their exit yet.
  std::unordered_map<uint64_t, Status> lost_;
  std::unordered_map<task::ActorId, uint64_t> worker_of_actor_;
  std::unordered_map<task::TaskId, uint64_t> worker_of_task_;
  struct PendingJoin {
    task::CompletionSink* sink;
    std::function<void()> done;
  };
  std::vector<PendingJoin> joins_;
  uint64_t next_worker_id_ = 1;
  std::thread thread_;
};

}  // namespace headrace::backend
