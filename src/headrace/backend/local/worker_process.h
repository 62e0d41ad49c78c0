// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "headrace/backend/local/acknowledgements.h"
#include "headrace/backend/local/block_exchange.h"
#include "headrace/backend/local/message_channel.h"
#include "headrace/backend/local/protocol.h"
#include "headrace/backend/local/zygote.h"
#include "headrace/task/task_backend.h"

namespace headrace::backend {

/// Lines of a worker's standard output or error, passed on with its operator and process id.
class LineForwarder {
 public:
  LineForwarder(UniqueFd pipe, int target_fd);
  int fd() const { return pipe_.get(); }
  bool open() const { return pipe_.valid(); }
  /// Reads what is there and writes whole lines on; closes at the end.
  void Forward(const std::string& prefix);

 private:
  UniqueFd pipe_;
  const int target_fd_;
  const std::string_view line_end_;
  std::string partial_;
};

/// The driver's side of one worker process. Owned by the process lane; its thread only.
class WorkerProcess {
 public:
  using Clock = std::chrono::steady_clock;
  struct RunningTask {
    task::TaskSpec spec;  // keeps the input alive
    task::CompletionSink* sink = nullptr;
    bool cancelled = false;
    /// Inputs that the worker reads in shared memory, by segment.
    std::vector<std::pair<uint64_t, store::ObjectRef>> shared = {};
  };

  /// Asks `zygote` for the process. `on_release` is called from any thread with the id of a segment
  /// of this worker whose blocks are gone. `acknowledgements` outlives the worker.
  static Result<std::unique_ptr<WorkerProcess>> Start(uint64_t id, Zygote& zygote, Zygote::Use use,
                                                      std::shared_ptr<store::ObjectStore> store,
                                                      Acknowledgements* acknowledgements,
                                                      std::function<void(uint64_t)> on_release);
  ~WorkerProcess();

  uint64_t id() const { return id_; }
  int socket_fd() const { return channel_.fd(); }
  LineForwarder& out() { return out_; }
  LineForwarder& err() { return err_; }
  /// "(MapBatches(f) pid=123) "
  std::string Prefix() const;

  /// Takes `task` over unless it fails before the worker could hear of it: then Runs() is false. A
  /// worker that fails later cannot be used any more.
  Status SendTask(task::TaskSpec& task, task::CompletionSink* sink);
  bool Runs(task::TaskId task) { return Find(task) != nullptr; }
  /// Takes a task that came too late: the worker is at its end, and the task ends with it.
  void Doom(task::TaskSpec task, task::CompletionSink* sink) {
    tasks_.push_back({std::move(task), sink, /*cancelled=*/false});
  }
  Status SendCreateActor(const task::ActorSpec& actor, task::CompletionSink* sink);
  Status SendMemoryLimits(const MemoryLimits& limits);
  Status SendTrim();
  Status SendRelease(const std::vector<uint64_t>& segments);
  Status Flush() { return channel_.Flush(/*wait=*/false); }
  bool has_queued() const { return channel_.has_queued(); }
  /// Takes in what the worker has sent and pushes completions. Fails when the worker is gone.
  Status Receive();
  /// Tells the worker that the result of `task` is not wanted; it has until KillTime() to stop.
  void Cancel(task::TaskId task);
  std::optional<Clock::time_point> kill_time() const { return kill_time_; }
  /// At once, or as soon as the process exists.
  void Kill();
  bool killed() const { return killed_; }
  /// Kills an actor that is not wanted any more: its end is no news.
  void Dismiss() {
    dismissed_ = true;
    Kill();
  }
  bool dismissed() const { return dismissed_; }
  /// The process is gone and its id may belong to another one.
  void SetExited() {
    exited_ = true;
    killed_ = true;
  }

  void SetPid(pid_t pid) {
    pid_ = pid;
    if (killed_) Kill();
  }
  pid_t pid() const { return pid_; }
  /// Anonymous memory of the process before it did anything; -1: not known yet.
  int64_t baseline_bytes() const { return baseline_bytes_; }
  bool is_actor() const { return actor_ != 0; }
  task::ActorId actor() const { return actor_; }
  task::CompletionSink* actor_sink() const { return actor_sink_; }
  /// The actor could not be constructed, and its sink knows.
  bool actor_failed() const { return actor_failed_; }
  bool idle() const { return tasks_.empty(); }
  const std::deque<RunningTask>& tasks() const { return tasks_; }
  /// The tasks that ended with the worker.
  std::deque<RunningTask> TakeTasks() {
    for (const RunningTask& task : tasks_) acknowledgements_->Forget(task.spec.id);
    return std::exchange(tasks_, {});
  }
  /// An actor holds its GPU and memory for life, a CPU only while it works.
  task::Resources UsedResources() const {
    task::Resources used = is_actor()       ? actor_resources_
                           : tasks_.empty() ? task::Resources{}
                                            : tasks_.front().spec.resources;
    if (tasks_.empty()) used.cpu = 0;
    return used;
  }

 private:
  WorkerProcess(uint64_t id, UniqueFd socket, UniqueFd out, UniqueFd err, ControlPage* control,
                std::shared_ptr<store::ObjectStore> store, Acknowledgements* acknowledgements,
                std::function<void(uint64_t)> on_release);
  Status Handle(Message message);
  Status HandleBlocks(WireReader* in, std::deque<UniqueFd>* fds);
  Status HandleEnd(WireReader* in, bool failed);
  Result<std::string> BodyBytesIfNew(const task::TaskBody& body) const;
  void WriteBody(const task::TaskBody& body, const std::string& bytes_if_new, WireWriter* out);
  struct Input;
  Result<std::vector<Input>> PrepareInputs(const task::RefBundle& bundle);
  Status IntroduceSegments(const std::vector<Input>& inputs);
  RunningTask* Find(task::TaskId task);

  const uint64_t id_;
  MessageChannel channel_;
  LineForwarder out_;
  LineForwarder err_;
  ControlPage* const control_;
  const std::shared_ptr<store::ObjectStore> store_;
  Acknowledgements* const acknowledgements_;
  BlockEncoder encoder_;
  BlockDecoder decoder_;
  std::deque<uint64_t> bodies_;    // that the worker keeps, the last used at the end
  std::deque<RunningTask> tasks_;  // in the order in which the worker runs them
  /// Inputs that the user's code still points into after their task.
  std::unordered_map<uint64_t, store::ObjectRef> retained_;
  std::string operator_name_;
  pid_t pid_ = 0;  // 0: not forked yet
  int64_t baseline_bytes_ = -1;
  bool killed_ = false;
  bool dismissed_ = false;
  bool exited_ = false;
  task::ActorId actor_ = 0;
  task::Resources actor_resources_;
  task::CompletionSink* actor_sink_ = nullptr;
  bool actor_failed_ = false;
  std::optional<Clock::time_point> kill_time_;
};

}  // namespace headrace::backend
