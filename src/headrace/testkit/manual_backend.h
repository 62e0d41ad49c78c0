// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/task/task_backend.h"
#include "headrace/task/unread_blocks.h"

namespace headrace::testkit {

/// A backend driven by hand: nothing happens until the test says which task ends, and how. Task
/// bodies run in the thread of the test. Tasks have numbers in the order in which they were first
/// submitted; a task that is tried again keeps its number.
class ManualBackend final : public task::TaskBackend {
 public:
  struct Options {
    task::Resources resources = {4, 0, 0};
    int64_t object_store_bytes = 1 << 30;
    int64_t memory_bytes = -1;  // of the ledger; -1: no limit
    /// Actors are ready as soon as they are asked for.
    bool actors_are_ready_at_once = true;
  };
  ManualBackend() : ManualBackend(Options()) {}
  explicit ManualBackend(Options options)
      : options_(options),
        memory_(std::make_shared<store::MemoryLedger>(options.memory_bytes)),
        store_(task::MakeBlockStore(options.object_store_bytes, {}, memory_)) {}

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

  // What the test does. Those that name a task wait until it has been submitted, and fail the test
  // after kPatience.

  /// Runs the task and reports its blocks and its end, if it does not pause before it: then it has
  /// to be finished again, once its blocks were acknowledged. Its body is run anew for that,
  /// without the blocks that it has put out. A task that is paused stays so.
  void Finish(int task);
  /// As if the process of the task had vanished; of an actor's task: the actor too.
  void Kill(int task);
  /// The task ends with `error`, which no repetition would mend.
  void Fail(int task, Status error);
  /// Runs the task up to its first `num_blocks` blocks and reports those; the task goes on.
  void PutOut(int task, int num_blocks);
  /// Finishes tasks that are not paused, the oldest first, until the run has ended or none is left.
  void FinishAll();
  /// Waiting actors become ready.
  void MakeActorsReady();
  /// A waiting actor could not be constructed.
  void FailActors(const Status& error);
  /// The `index`-th of the live actors dies.
  void LoseActor(int index);

  /// Waits until the scheduler has dealt with everything that happened and sleeps, or the run has
  /// ended. False if it did not in kPatience.
  bool Settle();
  /// Waits until something was submitted or the run has ended, at most `timeout`.
  bool WaitForContact(std::chrono::milliseconds timeout);

  // What the test sees.

  /// How often each task was submitted, by number.
  std::vector<int> attempts() const;
  /// Numbers of the tasks that run, the oldest first.
  std::vector<int> running() const;
  /// Numbers of the tasks that wait for their blocks to be acknowledged, the oldest first.
  std::vector<int> paused() const;
  /// Numbers of the tasks that Finish() would bring further, the oldest first: those that are
  /// neither paused nor queued behind another task of their actor.
  std::vector<int> ready() const;
  /// Operator names of the tasks that run, the oldest first.
  std::vector<std::string> running_names() const;
  std::vector<task::TaskId> cancelled() const;
  int num_actors() const;
  int num_waiting_actors() const;
  int num_actors_created() const;
  /// The run that used this backend has ended.
  bool joined() const;

  /// Far beyond what any scheduler needs, on any machine: only a hang takes that long.
  static constexpr auto kPatience = std::chrono::seconds(60);

 private:
  using Lock = std::unique_lock<std::mutex>;
  using TaskKey = std::pair<uint64_t, int64_t>;  // body, index of the task
  struct Live {
    task::TaskSpec spec;
    task::CompletionSink* sink = nullptr;
    task::ActorId actor = 0;
    int number = 0;
    bool cancelled = false;
    int blocks_put = 0;
    task::UnreadBlocks unread;
    task::TaskStats stats;

    bool paused() const { return !cancelled && unread.full(); }
  };
  struct Actor {
    std::shared_ptr<const task::TaskBody> body;
    task::CompletionSink* sink = nullptr;
    std::unique_ptr<task::TaskRunner> runner;  // nullptr: not ready
  };
  class Output;

  void Start(task::TaskSpec task, task::CompletionSink* sink, task::ActorId actor, Lock& lock);
  void Contact(task::CompletionSink* sink, const Lock&);
  void SetJoined(bool joined, const Lock&);
  std::deque<Live>::iterator WaitFor(int task, Lock& lock);
  void RunLive(std::deque<Live>::iterator live, const Lock&);
  void End(std::deque<Live>::iterator live, Status error, bool retryable, const Lock&);
  void MakeReady(task::ActorId id, Actor& actor, const Lock&);
  void Bury(task::ActorId actor, const Status& error, const Lock&);
  bool PassMarker(task::CompletionSink* sink);
  /// Whether it is neither paused nor behind another task of its actor.
  bool MayRun(const Live& live, const Lock&) const;

  /// Apart from mutex_: a marker may be dropped under a lock of the run.
  struct Quiet {
    std::mutex mutex;
    std::condition_variable changed;
    bool joined HR_GUARDED_BY(mutex) = false;
  };
  const Options options_;
  const std::shared_ptr<store::MemoryLedger> memory_;
  const std::shared_ptr<store::ObjectStore> store_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Live> live_ HR_GUARDED_BY(mutex_);
  std::map<task::ActorId, Actor> actors_ HR_GUARDED_BY(mutex_);
  std::map<TaskKey, int> numbers_ HR_GUARDED_BY(mutex_);
  std::vector<int> attempts_ HR_GUARDED_BY(mutex_);
  std::vector<task::TaskId> cancelled_ HR_GUARDED_BY(mutex_);
  int actors_created_ HR_GUARDED_BY(mutex_) = 0;
  int64_t num_contacts_ HR_GUARDED_BY(mutex_) = 0;
  task::CompletionSink* sink_ HR_GUARDED_BY(mutex_) = nullptr;
  bool joined_ HR_GUARDED_BY(mutex_) = false;
  const std::shared_ptr<Quiet> quiet_ = std::make_shared<Quiet>();
};

}  // namespace headrace::testkit
