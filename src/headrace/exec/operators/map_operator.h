// SPDX-License-Identifier: Apache-2.0
#pragma once

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
  int64_t target_max_block_size = 128 << 20;
  int64_t expected_output_bytes = 128 << 20;  // of one task, until some have been seen
  std::string write_id;
  int max_retries = 3;                   // of a task whose worker died
  int64_t max_queued_bytes = 512 << 20;  // input is refused above this
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
  bool input_is_rows() const override { return !options_.reads; }
  void OutputNotWanted() override;
  bool Done() const override;

  Status OnBlocks(TaskId task, std::vector<task::BlockRef> blocks) override;
  Status OnTaskDone(TaskId task, const task::TaskStats& stats) override;
  Status OnTaskFailed(TaskId task, const Status& error, bool retryable) override;
  int num_running() const override { return static_cast<int>(running_.size()); }
  int64_t max_running() const override { return options_.max_running; }
  int64_t expected_output_bytes() const override;
  int64_t tasks_done() const override { return tasks_done_; }

 protected:
  const MapOperatorOptions& options() const { return options_; }
  bool HasInputForTask() const { return !retries_.empty() || bundler_.HasTask(); }
  bool stopped() const { return stopped_; }
  /// The next task, made of waiting input or of a failed one.
  TaskSpec MakeTask();
  /// Called when a task has left running_, whatever its end.
  virtual void OnTaskEnded(TaskId task) {}

 private:
  struct Attempt {
    RefBundle input;
    int64_t place = 0;  // in outputs_
    int64_t task_index = 0;
    int attempt = 1;
    int64_t blocks_seen = 0;  // of this attempt
    int64_t blocks_sent = 0;  // of all attempts: a repeated task skips those
    bool grouped = false;
  };

  const MapOperatorOptions options_;
  TaskBundler bundler_;
  OrderedOutputs outputs_;
  std::unordered_map<TaskId, Attempt> running_;
  std::deque<Attempt> retries_;
  bool stopped_ = false;
  int64_t next_index_ = 0;
  int64_t tasks_done_ = 0;
  int64_t bytes_done_ = 0;
};

}  // namespace headrace::exec
