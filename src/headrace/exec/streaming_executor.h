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
#include "headrace/exec/liveness.h"
#include "headrace/exec/output_queue.h"
#include "headrace/exec/resources/resource_manager.h"
#include "headrace/exec/run_snapshot.h"
#include "headrace/exec/running_tasks.h"
#include "headrace/exec/topology.h"

namespace headrace::exec {

struct ExecutorOptions {
  ResourceLimits limits;
  OutputQueue::Limits output;
  /// Short names of the backpressure policies that apply; empty: all.
  std::vector<std::string> policies;
  /// Nothing happened for so long, while work was running or waiting: the wait graph is logged as a
  /// warning, and again after twice, four times … as long. <= 0: never.
  double stall_warning_s = 10;
  /// Nothing happened for so long: the run fails. <= 0: never.
  double no_progress_timeout_s = 1800;
  /// Reports say which operator holds how many bytes.
  bool trace_allocations = false;
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
  /// Instead of Start(): does all that can be done now, in the caller's thread, which is then the
  /// scheduling thread. False when the run has ended.
  bool Advance();
  /// Waits for output and takes all that is there; empty at the end. Consumer's thread.
  Result<std::vector<task::BlockRef>> Take() { return output_.Take(); }
  /// Waits until Take() would not wait, at most `timeout`. True when it would not.
  bool WaitReady(std::chrono::milliseconds timeout) { return output_.WaitReady(timeout); }
  /// Ends the run wherever it is. Idempotent; returns when nothing of it runs any more.
  void Shutdown();
  /// Asks the run to end and returns at once.
  void RequestStop();
  RunSnapshot snapshot() const;

  // For whoever calls Advance(); gone after Shutdown().
  const Topology& topology() const { return topology_; }
  const ResourceManager& resources() const { return resources_; }
  int64_t liveness_grants() const { return liveness_grants_; }
  std::string WaitGraph() const;

 private:
  using Clock = std::chrono::steady_clock;
  using Node = Topology::Node;

  void Run();
  /// Deals with `completions` and starts what may start. False when the run is over.
  bool Turn(std::vector<task::Completion> completions);
  std::vector<task::Completion> Wait();
  void End();
  Status Step(std::vector<task::Completion> completions);
  Status Handle(task::Completion completion);
  Status MoveBundles(bool* moved);
  Status MoveFrom(int index, bool* moved);
  Status PropagateEnds(bool* moved);
  void StopInputsOf(Node& node);
  void ManageActors();
  /// Lets tasks go on whose operator is within its part of the object store.
  void ReadOutputs();
  void Acknowledge(Node& node, task::TaskId task);
  /// Submits and resumes tasks while some operator may. True when one was.
  bool SubmitTasks();
  Decision Pick() const;
  bool MayResume(const Node& node) const;
  /// Keeps who waits for what since when. True when something has changed meanwhile.
  bool NoteWaits();
  void Submit(int index);
  bool Finished() const { return topology_.nodes().back().op->Done(); }
  Status CheckProgress();
  /// Time without progress that is worth a warning: twice as long each time it was given, and never
  /// while tasks take no more than twice what they usually do.
  double SecondsToWarning() const;
  void Publish(bool done, const Status& status);
  double SecondsSinceStart() const;

  Topology topology_;
  const std::shared_ptr<task::TaskBackend> backend_;
  const ExecutorOptions options_;
  CompletionQueue completions_;
  OutputQueue output_;
  ResourceManager resources_;
  const BackpressurePolicies policies_;
  RunningTasks running_;
  std::unordered_map<task::ActorId, int> node_of_actor_;
  int64_t rows_out_ = 0;
  int64_t consumer_bytes_ = 0;  // of output_, when this step looked
  int64_t liveness_grants_ = 0;
  bool waits_for_memory_ = false;
  std::string plan_text_;
  const store::StoreStats store_before_;
  Status status_;
  bool ended_ = false;
  Clock::time_point start_;
  Clock::time_point last_progress_;
  Clock::time_point last_publish_;
  double next_warning_s_ = 0;

  std::atomic<bool> stop_requested_{false};
  std::thread scheduler_;
  std::once_flag shutdown_once_;
  mutable std::mutex snapshot_mutex_;
  RunSnapshot snapshot_ HR_GUARDED_BY(snapshot_mutex_);
  // Last: they call into what is above.
  store::MemoryLedger::Subscription memory_freed_;
  store::MemoryLedger::Subscription store_freed_;
};

}  // namespace headrace::exec
