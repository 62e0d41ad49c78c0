// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/task/task_backend.h"

namespace headrace::exec {

using task::RefBundle;
using task::TaskId;
using task::TaskSpec;

/// One node of a running topology, owned and called by the scheduling thread alone. No method
/// blocks, takes a lock or reads rows: work that grows with the data leaves as a TaskSpec.
class PhysicalOperator {
 public:
  virtual ~PhysicalOperator() = default;
  /// Name for people: "ReadParquet->MapBatches(f)".
  virtual const std::string& name() const = 0;
  /// Class name as a Ray user knows it: "TaskPoolMapOperator".
  virtual std::string_view type() const = 0;

  virtual bool WantsInput(int input_index) const = 0;
  virtual Status AddInput(RefBundle bundle, int input_index) = 0;  // only while WantsInput()
  virtual Status InputDone(int input_index) = 0;                   // once per input
  /// True when no more input can change the output: what feeds it should stop.
  virtual bool InputNotWanted() const { return Done(); }
  /// It puts nothing out before it has all of that input. What it holds of it is not held against
  /// those who feed it, or it would never get all; it can be spilled.
  virtual bool blocking(int input_index) const { return false; }
  /// Bytes and bundles that wait for a task.
  virtual int64_t queued_bytes() const { return 0; }
  virtual int64_t queued_blocks() const { return 0; }

  /// The next bundle of output, if one may leave now.
  virtual std::optional<RefBundle> TakeOutput() = 0;
  /// Bytes of output that has not left yet.
  virtual int64_t output_bytes() const { return 0; }
  /// What it holds of the bytes that came in by `input_index`, where it runs no tasks.
  virtual int64_t held_bytes(int input_index) const { return output_bytes(); }
  /// False where the input describes reads: then its rows are not rows of the user.
  virtual bool input_is_rows() const { return true; }
  /// Most rows that it can put out in a run, where that is known from the start.
  virtual std::optional<int64_t> max_rows_out() const { return std::nullopt; }
  /// Nobody needs more output (a limit was reached): no task should start any more.
  virtual void OutputNotWanted() {}
  virtual bool Done() const = 0;  // nothing more can appear
};

/// The role of an operator that runs tasks. Sums are kept up to date: each of these is O(1).
class TaskOperator {
 public:
  virtual ~TaskOperator() = default;
  /// True when a task could be submitted now, resources aside.
  virtual bool HasTask() const = 0;
  /// True when the next task is one that failed: nothing after it can leave before it has run.
  virtual bool HasRetry() const = 0;
  /// What the next task needs besides what the operator uses already.
  virtual task::Resources TaskResources() const = 0;
  /// What a paused task needs to go on.
  virtual task::Resources ResumeResources() const = 0;
  /// What the running tasks (and actors) hold now. A paused task holds no CPU.
  virtual task::Resources UsedResources() const = 0;
  /// Only while HasTask(). The actor it has to run on, if any.
  struct Submission {
    TaskSpec task;
    std::optional<task::ActorId> actor;
  };
  virtual Submission StartTask() = 0;
  virtual Status OnBlocks(TaskId task, std::vector<task::BlockRef> blocks) = 0;
  virtual Status OnTaskDone(TaskId task, const task::TaskStats& stats) = 0;
  /// OK when the failure is dealt with (the task will run again, or counts as dropped).
  virtual Status OnTaskFailed(TaskId task, const Status& error, bool retryable) = 0;

  /// A task some of whose blocks nobody has acknowledged; see TaskBackend::Acknowledge.
  struct Unread {
    TaskId task = 0;
    int64_t more_bytes = 0;  // that it is expected to put out once these are read
  };
  /// Of the tasks that still run and would pause before long, and of the paused ones, the one whose
  /// output is due first.
  virtual std::optional<Unread> FirstUnread() const = 0;
  virtual std::optional<Unread> FirstPaused() const = 0;
  /// All blocks of `task` so far count as read; returns how many were not. If it paused, it runs.
  virtual int64_t MarkRead(TaskId task) = 0;

  virtual int num_running() const = 0;  // paused ones as well
  virtual int num_paused() const = 0;
  /// Tasks that go on by themselves: not paused, and not queued in an actor that is.
  virtual int num_advancing() const = 0;
  /// Most tasks at a time that the user allowed; < 0: no cap.
  virtual int64_t max_running() const { return -1; }
  /// Bytes that one task is expected to put out before it pauses or ends.
  virtual int64_t expected_output_bytes() const = 0;
  /// Bytes that the running tasks are expected to put out still before each pauses or ends.
  virtual int64_t pending_output_bytes() const = 0;
  /// Most bytes that its output may take until it is used, where that is less than a run allows:
  /// what nobody waits for need not exist yet. < 0: not bounded by itself.
  virtual int64_t max_store_bytes() const { return -1; }
  /// Input that running tasks hold.
  virtual int64_t running_input_bytes() const = 0;
  /// Working memory of one task, beside its input and output.
  virtual int64_t expected_heap_bytes() const = 0;
  virtual int64_t tasks_done() const = 0;
};

/// The role of an operator that keeps actors.
class ActorOperator {
 public:
  virtual ~ActorOperator() = default;
  /// An actor to be created, if the pool should grow; `resources_fit` says whether one more fits.
  virtual std::optional<task::ActorSpec> NextActor(bool resources_fit) = 0;
  virtual task::Resources ActorResources() const = 0;
  virtual Status OnActorReady(task::ActorId actor) = 0;
  virtual Status OnActorFailed(task::ActorId actor, const Status& error) = 0;
  /// An actor to be ended, if the pool should shrink.
  virtual std::optional<task::ActorId> NextIdleActor() = 0;
  /// Input waits for an actor that is being started.
  virtual bool WaitsForActor() const = 0;
  virtual int num_actors() const = 0;
  virtual std::string ActorSummary() const = 0;
};

}  // namespace headrace::exec
