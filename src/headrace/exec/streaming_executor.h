// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <vector>

#include "headrace/exec/backpressure/backpressure_policy.h"
#include "headrace/exec/completion_queue.h"
#include "headrace/exec/output_queue.h"
#include "headrace/exec/resources/resource_manager.h"
#include "headrace/exec/run_snapshot.h"
#include "headrace/exec/topology.h"

namespace headrace::exec {

struct ExecutorOptions {
  ResourceLimits limits;
  OutputQueue::Limits output;
  /// Nothing happened for so long, while work was running or waiting: the run fails. <= 0: never.
  double no_progress_timeout_s = 1800;
  std::string dataset_id;
};

/// Runs one topology. One scheduling thread owns everything in it and sleeps until a completion or
/// the consumer wakes it; the backend runs the tasks. Owned by whoever consumes the result; made
/// once, run once. The destructor ends the run.
class StreamingExecutor {
 public:
  StreamingExecutor(Topology topology, std::shared_ptr<task::TaskBackend> backend,
                    ExecutorOptions options);
  ~StreamingExecutor() { Shutdown(); }

  void Start();
  /// Waits for output and takes all that is there; empty at the end. Consumer's thread.
  Result<std::vector<task::BlockRef>> Take() { return output_.Take(); }
  /// Waits until Take() would not wait, at most `timeout`. True when it would not.
  bool WaitReady(std::chrono::milliseconds timeout) { return output_.WaitReady(timeout); }
  /// Ends the run wherever it is. Idempotent; returns when nothing of it runs any more.
  void Shutdown();
  /// Asks the run to end and returns at once.
  void RequestStop();
  RunSnapshot snapshot() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Node = Topology::Node;

  void Run();
  Status Step(std::vector<task::Completion> completions);
  Status Handle(task::Completion completion);
  static void Count(Node& node, const task::TaskStats& stats);
  Status MoveBundles(bool* moved);
  Status MoveFrom(int index, bool* moved);
  Status PropagateEnds(bool* moved);
  void StopInputsOf(Node& node);
  void ManageActors();
  /// Submits tasks while some operator may run one. True when one was submitted.
  bool SubmitTasks();
  int PickOperator();
  int PickForLiveness() const;
  void NoteBackpressure(Node& node, std::string_view policy);
  void Submit(int index);
  bool Finished() const;
  Status CheckProgress();
  void Publish(bool done, const Status& status);
  double SecondsSinceStart() const;

  Topology topology_;
  const std::shared_ptr<task::TaskBackend> backend_;
  const ExecutorOptions options_;
  CompletionQueue completions_;
  OutputQueue output_;
  ResourceManager resources_;
  std::vector<std::unique_ptr<BackpressurePolicy>> policies_;
  std::unordered_map<task::TaskId, int> node_of_task_;
  std::unordered_map<task::ActorId, int> node_of_actor_;
  int64_t rows_out_ = 0;
  std::string plan_text_;
  Clock::time_point start_;
  Clock::time_point last_progress_;
  Clock::time_point last_publish_;

  std::atomic<bool> stop_requested_{false};
  std::thread scheduler_;
  std::once_flag shutdown_once_;
  mutable std::mutex snapshot_mutex_;
  RunSnapshot snapshot_ HR_GUARDED_BY(snapshot_mutex_);
};

}  // namespace headrace::exec
