// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/map_operator.h"

#include <utility>

#include "headrace/base/log.h"

namespace headrace::exec {

MapOperator::MapOperator(MapOperatorOptions options)
    : options_(std::move(options)), bundler_(options_.bundler) {}

bool MapOperator::WantsInput(int) const {
  if (stopped_ || bundler_.input_done()) return false;
  // A task that still lacks rows gets them, or it could never start.
  return bundler_.bytes() < options_.max_queued_bytes || !HasInputForTask();
}

Status MapOperator::AddInput(RefBundle bundle, int) {
  bundler_.Add(std::move(bundle));
  return Status::OK();
}

Status MapOperator::InputDone(int) {
  bundler_.InputDone();
  return Status::OK();
}

void MapOperator::OutputNotWanted() {
  stopped_ = true;
  bundler_.Clear();
  bundler_.InputDone();
  retries_.clear();
  outputs_.Clear();
}

bool MapOperator::Done() const {
  if (stopped_) return running_.empty();
  return bundler_.input_done() && bundler_.empty() && retries_.empty() && running_.empty() &&
         outputs_.empty();
}

TaskSpec MapOperator::MakeTask() {
  Attempt attempt;
  if (!retries_.empty()) {
    attempt = std::move(retries_.front());
    retries_.pop_front();
    ++attempt.attempt;
    attempt.blocks_seen = 0;
  } else {
    attempt.input = bundler_.Next();
    attempt.place = outputs_.Start();
    attempt.task_index = next_index_++;
    attempt.grouped = bundler_.groups() && attempt.input.blocks().size() > 1;
  }
  TaskSpec task;
  task.id = task::NextId();
  task.body = options_.body;
  task.input = attempt.input;
  task.resources = options_.resources;
  task.params.task_index = attempt.task_index;
  task.params.write_id = options_.write_id;
  task.params.target_max_block_size = options_.target_max_block_size;
  task.params.flush_per_block = attempt.grouped;
  running_.emplace(task.id, std::move(attempt));
  return task;
}

Status MapOperator::OnBlocks(TaskId task, std::vector<task::BlockRef> blocks) {
  const auto it = running_.find(task);
  if (it == running_.end() || stopped_) return Status::OK();
  Attempt& attempt = it->second;
  for (auto& block : blocks) {
    if (attempt.blocks_seen++ < attempt.blocks_sent) continue;  // sent by an earlier attempt
    ++attempt.blocks_sent;
    outputs_.Add(attempt.place, RefBundle(std::move(block)));
  }
  return Status::OK();
}

Status MapOperator::OnTaskDone(TaskId task, const task::TaskStats& stats) {
  const auto it = running_.find(task);
  if (it == running_.end()) return Status::OK();
  bundler_.Observe(static_cast<int64_t>(it->second.input.blocks().size()), stats.wall_s);
  ++tasks_done_;
  bytes_done_ += stats.bytes_out;
  outputs_.Finish(it->second.place);
  outputs_.DropFinished();
  running_.erase(it);
  OnTaskEnded(task);
  return Status::OK();
}

Status MapOperator::OnTaskFailed(TaskId task, const Status& error, bool retryable) {
  const auto it = running_.find(task);
  if (it == running_.end()) return Status::OK();
  Attempt attempt = std::move(it->second);
  running_.erase(it);
  OnTaskEnded(task);
  if (stopped_) return Status::OK();
  if (retryable && attempt.attempt <= options_.max_retries) {
    Log(LogLevel::kWarning, "Task failed, trying again",
        {{"operator", name()},
         {"attempt", std::to_string(attempt.attempt)},
         {"cause", error.message()}});
    retries_.push_back(std::move(attempt));
    return Status::OK();
  }
  ErrorBudget* errors = options_.errors.get();
  if (errors != nullptr && errors->remaining != 0) {
    ++errors->errored;
    if (errors->remaining > 0) --errors->remaining;
    Log(LogLevel::kError, "Dropped a block that failed",
        {{"operator", name()},
         {"error", error.message()},
         {"remaining", errors->remaining < 0 ? "unlimited" : std::to_string(errors->remaining)}});
    ++tasks_done_;
    outputs_.Finish(attempt.place);
    outputs_.DropFinished();
    return Status::OK();
  }
  return WithOperator(error, name());
}

int64_t MapOperator::expected_output_bytes() const {
  return tasks_done_ == 0 ? options_.expected_output_bytes : bytes_done_ / tasks_done_;
}

}  // namespace headrace::exec
