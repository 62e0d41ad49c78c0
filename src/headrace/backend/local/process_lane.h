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

#include "headrace/backend/local/restoring_tasks.h"
#include "headrace/backend/local/worker_process.h"
#include "headrace/base/lock_annotations.h"

namespace headrace::backend {

struct ProcessLaneOptions {
  PythonOptions python;
  int max_idle = 1;  // workers that are kept when there is no work
  MemoryLimits worker_memory;
};

/// Runs chains with Python functions in worker processes. One thread owns all of them and sleeps in
/// epoll; other threads leave commands. Workers are forked when work waits and none is idle, and
/// kept for the next run.
class ProcessLane {
 public:
  /// Nothing is started before it is needed.
  ProcessLane(std::shared_ptr<store::ObjectStore> store, ProcessLaneOptions options);
  ~ProcessLane();

  /// Starts the zygote if there is none, so that it loads while the caller goes on.
  /// `modules` are imported there first; workers that are idle give way to ones that share them.
  void WarmUp(std::vector<std::string> modules = {}, Zygote::Use use = Zygote::Use::kTasks);
  void Submit(task::TaskSpec task, task::CompletionSink* sink);
  void CreateActor(task::ActorSpec actor, task::CompletionSink* sink);
  void SubmitToActor(task::ActorId actor, task::TaskSpec task, task::CompletionSink* sink);
  void Acknowledge(task::TaskId task, int64_t num_blocks) {
    acknowledgements_.Acknowledge(task, num_blocks);
  }
  void Cancel(task::TaskId task);
  void KillActor(task::ActorId actor);
  void Join(task::CompletionSink* sink);
  /// Memory is short: workers give back what they keep for reuse, and with `end_idle` those without
  /// work end.
  void Trim(bool end_idle);
  /// The processes that are alive.
  struct Processes {
    pid_t zygote = 0;  // 0: none
    struct Worker {
      pid_t pid = 0;
      int64_t baseline_bytes = 0;  // anonymous memory when it was new
    };
    std::vector<Worker> workers;
  };
  Processes processes() const;
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
  Result<WorkerProcess*> StartWorker(Zygote::Use use);
  WorkerProcess* FindIdle();
  void StartTask(task::TaskSpec task, task::CompletionSink* sink);
  void SendTask(WorkerProcess& worker, task::TaskSpec task, task::CompletionSink* sink);
  void StartActorTask(task::ActorId actor, task::TaskSpec task, task::CompletionSink* sink);
  void SendRestored(task::TaskId task);
  void CancelWaiting(std::vector<RestoringTasks::Waiting> waiting);
  void Watch(WorkerProcess& worker);
  /// The worker's socket has ended, or cannot be used any more.
  void Lost(uint64_t worker_id, const Status& why);
  void Bury(uint64_t worker_id, const std::string& cause);
  void EndSurplus(int max_idle);
  void NoteProcesses();
  void FailTask(const task::TaskSpec& task, task::CompletionSink* sink, Status status,
                bool retryable);
  void CheckJoins();
  bool Quiet(task::CompletionSink* sink) const;

  const std::shared_ptr<store::ObjectStore> store_;
  const ProcessLaneOptions options_;

  std::mutex mutex_;
  std::vector<Command> commands_ HR_GUARDED_BY(mutex_);
  bool closed_ HR_GUARDED_BY(mutex_) = false;
  UniqueFd wake_fd_;
  UniqueFd epoll_fd_;

  /// Segments given back, by worker, and tasks whose inputs are back from disk. Shared with buffers
  /// and I/O that may outlive the lane.
  struct Releases {
    std::mutex mutex;
    std::unordered_map<uint64_t, std::vector<uint64_t>> segments;
    std::vector<task::TaskId> restored;
    int wake_fd = -1;  // -1: the lane has ended

    void AddRestored(task::TaskId task);
  };
  const std::shared_ptr<Releases> releases_ = std::make_shared<Releases>();

  Acknowledgements acknowledgements_;
  mutable std::mutex processes_mutex_;
  Processes processes_ HR_GUARDED_BY(processes_mutex_);

  // The lane's thread only.
  std::unique_ptr<Zygote> zygote_;
  std::set<std::pair<Zygote::Use, std::string>> preloaded_;  // by zygote_
  std::unordered_map<uint64_t, WorkerPtr> workers_;
  /// Workers that cannot be used any more, and why; the zygote has not reported their exit yet.
  std::unordered_map<uint64_t, Status> lost_;
  std::unordered_map<task::ActorId, uint64_t> worker_of_actor_;
  std::unordered_map<task::TaskId, uint64_t> worker_of_task_;
  RestoringTasks restoring_{
      [releases = releases_](task::TaskId task) { releases->AddRestored(task); }};
  struct PendingJoin {
    task::CompletionSink* sink;
    std::function<void()> done;
  };
  std::vector<PendingJoin> joins_;
  uint64_t next_worker_id_ = 1;
  std::thread thread_;
};

}  // namespace headrace::backend
