// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <memory>
#include <string>
#include <unordered_map>

#include "headrace/exec/operators/ordered_outputs.h"
#include "headrace/exec/operators/task_bundler.h"
#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Tasks of a run that may still fail before the run does (DataContext.max_errored_blocks).
struct ErrorBudget {
  int64_t remaining = 0;  // < 0: no limit
  int64_t errored = 0;
};

struct MapOperatorOptions {
  std::string name;
  bool reads = false;  // its input describes reads
  std::shared_ptr<const task::TaskBody> body;
  task::Resources resources;  // of one task, or of one actor
  int64_t max_running = -1;   // cap of running tasks; -1: none
  TaskBundler::Options bundler;
  /// What several small blocks in one task give stays in blocks of their own. False where nobody
  /// can tell: then it is joined up to target_min_block_size.
  bool keep_borders = true;
  int64_t target_max_block_size = 128 << 20;
  int64_t target_min_block_size = 1 << 20;
  /// Unread blocks at which a task pauses (RAY_DATA_MAX_NUM_BLOCKS_IN_STREAMING_GEN_BUFFER); 0:
  /// none.
  int64_t max_unread_blocks = 2;
  int64_t expected_output_bytes = 128 << 20;  // of one task, until some have been seen
  int64_t expected_heap_bytes = 0;            // of one task, until some have been seen
  bool eager_free = true;  // an input block is dropped when its task ends; else with the run
  std::string write_id;
  int max_retries = 3;                   // of a task whose worker died
  int64_t max_queued_bytes = 512 << 20;  // input is refused above this
  int64_t max_store_bytes = -1;          // as TaskOperator::max_store_bytes
  std::shared_ptr<ErrorBudget> errors;
};

/// What task pools and actor pools share: gathers input into tasks, keeps what runs, retries what
/// its worker's death interrupted, and puts the outputs in order. Scheduling thread.
class MapOperator : public PhysicalOperator, public TaskOperator {
 public:
  explicit MapOperator(MapOperatorOptions options);

  const std::string& name() const override { return options_.name; }
  bool WantsInput(int) const override;
  Status AddInput(RefBundle bundle, int) override;
  Status InputDone(int) override;
  int64_t queued_bytes() const override { return bundler_.bytes(); }
  int64_t queued_blocks() const override { return bundler_.num_blocks(); }
  std::optional<RefBundle> TakeOutput() override { return outputs_.Take(); }
  int64_t output_bytes() const override { return outputs_.bytes(); }
  bool HasRetry() const override { return !retries_.empty(); }
  bool input_is_rows() const override { return !options_.reads; }
  void OutputNotWanted() override;
  bool Done() const override;

  Status OnBlocks(TaskId task, std::vector<task::BlockRef> blocks) override;
  Status OnTaskDone(TaskId task, const task::TaskStats& stats) override;
  Status OnTaskFailed(TaskId task, const Status& error, bool retryable) override;
  std::optional<Unread> FirstUnread() const override { return First(unread_); }
  std::optional<Unread> FirstPaused() const override { return First(paused_); }
  int64_t MarkRead(TaskId task) override;
  task::Resources ResumeResources() const override { return {options_.resources.cpu, 0, 0}; }
  int num_running() const override { return static_cast<int>(running_.size()); }
  int num_paused() const override { return static_cast<int>(paused_.size()); }
  int num_advancing() const override { return num_running() - num_paused(); }
  int64_t max_running() const override { return options_.max_running; }
  int64_t expected_output_bytes() const override;
  int64_t pending_output_bytes() const override { return pending_bytes_; }
  int64_t max_store_bytes() const override { return options_.max_store_bytes; }
  int64_t running_input_bytes() const override { return running_input_bytes_; }
  int64_t expected_heap_bytes() const override;
  int64_t tasks_done() const override { return tasks_done_; }

 protected:
  const MapOperatorOptions& options() const { return options_; }
  bool HasInputForTask() const { return !retries_.empty() || bundler_.HasTask(); }
  bool stopped() const { return stopped_; }
  /// The next task, made of waiting input or of a failed one.
  TaskSpec MakeTask();
  /// Called when a task has left running_, whatever its end.
  virtual void OnTaskEnded(TaskId task) {}
  virtual void OnTaskPaused(TaskId task, bool paused) {}

 private:
  struct Attempt {
    RefBundle input;
    int64_t place = 0;  // in outputs_
    int64_t task_index = 0;
    int attempt = 1;
    int64_t blocks_seen = 0;  // of this attempt
    int64_t blocks_sent = 0;  // of all attempts: a repeated task skips those
    bool grouped = false;
    int64_t expected_bytes = 0;  // of all its output
    int64_t window_bytes = 0;    // of that, before it pauses
    int64_t bytes_seen = 0;
    int64_t unread_blocks = 0;
    int64_t unread_bytes = 0;
  };
  /// By place: the one whose output is due first comes first.
  using ByPlace = std::map<int64_t, TaskId>;

  std::optional<Unread> First(const ByPlace& tasks) const;
  /// Takes the attempt out of running_ and out of all sums.
  Attempt End(std::unordered_map<TaskId, Attempt>::iterator it);
  /// Bytes to come before it pauses or ends, if `unread_bytes` are unread.
  static int64_t Pending(const Attempt& attempt, int64_t unread_bytes);
  static int64_t Pending(const Attempt& attempt) { return Pending(attempt, attempt.unread_bytes); }
  int64_t ExpectedTaskBytes() const;
  void NoteUnread(TaskId task, Attempt& attempt, int64_t blocks, int64_t bytes);

  const MapOperatorOptions options_;
  TaskBundler bundler_;
  OrderedOutputs outputs_;
  std::unordered_map<TaskId, Attempt> running_;
  std::deque<Attempt> retries_;
  ByPlace unread_;  // would pause before long
  ByPlace paused_;
  std::vector<RefBundle> kept_;  // input of ended tasks, if it is not freed eagerly
  bool stopped_ = false;
  int64_t next_index_ = 0;
  int64_t tasks_done_ = 0;
  int64_t bytes_done_ = 0;
  int64_t blocks_done_ = 0;
  int64_t pending_bytes_ = 0;
  int64_t running_input_bytes_ = 0;
  int64_t heap_bytes_ = 0;  // decayed maximum of what tasks used; 0: nothing was measured
};

}  // namespace headrace::exec
