// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "headrace/store/memory_ledger.h"
#include "headrace/task/task_spec.h"

namespace headrace::task {

/// Something that happened to a task or an actor.
struct Completion {
  enum class Kind : uint8_t {
    kBlocks,       // `blocks` are ready; more may follow
    kTaskDone,     // after all its blocks
    kTaskFailed,   // `status` says why; `retryable`: it may be submitted again
    kActorReady,   // its functions are loaded
    kActorFailed,  // it could not be made, or it died; tasks in flight get kTaskFailed as well
  };
  Kind kind = Kind::kTaskDone;
  TaskId task = 0;
  ActorId actor = 0;
  std::vector<BlockRef> blocks;
  TaskStats stats;
  Status status;
  bool retryable = false;
};

/// Where completions go. Push is called from any thread and does not block.
class CompletionSink {
 public:
  virtual ~CompletionSink() = default;
  virtual void Push(Completion completion) = 0;
};

/// Runs tasks. Every method may be called from any thread and returns at once, except Join. The
/// contract is checked by backend/conformance_test.cc for every implementation.
///
/// - Each submitted task ends with exactly one kTaskDone or kTaskFailed, blocks before it, in
/// order.
/// - Tasks of one actor run in the order of submission.
/// - A task with TaskParams::max_unread_blocks pauses in TaskOutput::Put, after it handed a block
/// on,
///   while so many of its blocks (and target_min_block_size bytes of them, counted as
///   BlockRef::size_bytes) have been pushed and not acknowledged. Whoever counts completions knows
///   that without asking. A paused task keeps its thread, worker or actor and what it holds.
/// - After Join(sink) returns, nothing is pushed to that sink any more.
class TaskBackend {
 public:
  virtual ~TaskBackend() = default;
  virtual Resources TotalResources() const = 0;
  virtual const std::shared_ptr<store::ObjectStore>& store() const = 0;
  /// The account of everything that the tasks and the store may use.
  virtual const std::shared_ptr<store::MemoryLedger>& memory() const = 0;
  /// `sink` outlives the task: its owner calls Join before it goes.
  virtual void Submit(TaskSpec task, CompletionSink* sink) = 0;
  virtual void CreateActor(ActorSpec actor, CompletionSink* sink) = 0;
  /// Of an actor that was created and not killed. One that died meanwhile fails the task.
  virtual void SubmitToActor(ActorId actor, TaskSpec task) = 0;
  /// The oldest `num_blocks` of the task's blocks that were not acknowledged yet count as read: if
  /// it paused for them, it goes on. Of a task that has ended: nothing happens. Cheap; may be
  /// called per block.
  virtual void Acknowledge(TaskId task, int64_t num_blocks) = 0;
  /// The task's result is not wanted any more: it ends soon, with kTaskFailed (cancelled) or done.
  virtual void Cancel(TaskId task) = 0;
  /// Ends the actor; its tasks fail. Nothing is reported for the actor itself.
  virtual void KillActor(ActorId actor) = 0;
  /// Cancels every task and kills every actor of `sink`, and waits until they have ended. A deaf
  /// worker is killed after its grace time.
  virtual void Join(CompletionSink* sink) = 0;
};

}  // namespace headrace::task
