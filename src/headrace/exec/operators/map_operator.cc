// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/map_operator.h"

#include <algorithm>
#include <utility>

#include "headrace/base/log.h"
#include "headrace/task/unread_blocks.h"

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
  kept_.clear();
  unread_.clear();
  // The tasks are cancelled, which ends a pause as well.
  for (const auto& [place, task] : std::exchange(paused_, {})) OnTaskPaused(task, false);
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
    // (The process lane brings inputs back itself, into shared memory.)
    if (options_.body->lane() == task::Lane::kThread) bundler_.PrefetchNext();
    attempt.place = outputs_.Start();
    attempt.task_index = next_index_++;
    attempt.grouped =
        options_.keep_borders && bundler_.groups() && attempt.input.blocks().size() > 1;
  }
  TaskSpec task;
  task.id = task::NextId();
  task.body = options_.body;
  task.input = attempt.input;
  task.resources = options_.resources;
  task.params.task_index = attempt.task_index;
  task.params.write_id = options_.write_id;
  task.params.target_max_block_size = options_.target_max_block_size;
  task.params.target_min_block_size = options_.target_min_block_size;
  task.params.max_unread_blocks = options_.max_unread_blocks;
  task.params.flush_per_block = attempt.grouped;
  task.params.argument = attempt.input.argument();
  attempt.expected_bytes = ExpectedTaskBytes();
  attempt.window_bytes = expected_output_bytes();
  attempt.bytes_seen = attempt.unread_blocks = attempt.unread_bytes = 0;
  pending_bytes_ += Pending(attempt);
  running_input_bytes_ += attempt.input.size_bytes();
  running_.emplace(task.id, std::move(attempt));
  return task;
}

Status MapOperator::OnBlocks(TaskId task, std::vector<task::BlockRef> blocks) {
  const auto it = running_.find(task);
  if (it == running_.end() || stopped_) return Status::OK();
  Attempt& attempt = it->second;
  int64_t bytes = 0;
  const auto num_blocks = static_cast<int64_t>(blocks.size());
  for (auto& block : blocks) {
    bytes += block.size_bytes;
    if (attempt.blocks_seen++ < attempt.blocks_sent) continue;  // sent by an earlier attempt
    ++attempt.blocks_sent;
    outputs_.Add(attempt.place, RefBundle(std::move(block)));
  }
  NoteUnread(task, attempt, num_blocks, bytes);
  return Status::OK();
}

void MapOperator::NoteUnread(TaskId task, Attempt& attempt, int64_t blocks, int64_t bytes) {
  pending_bytes_ -= Pending(attempt);
  attempt.unread_blocks += blocks;
  attempt.unread_bytes += bytes;
  attempt.bytes_seen += bytes;
  pending_bytes_ += Pending(attempt);
  const auto is_full = [&](int64_t num_blocks, int64_t num_bytes) {
    return task::UnreadBlocks::IsFull(options_.max_unread_blocks, options_.target_min_block_size,
                                      num_blocks, num_bytes);
  };
  if (is_full(attempt.unread_blocks, attempt.unread_bytes)) {
    if (!paused_.emplace(attempt.place, task).second) return;
    unread_.erase(attempt.place);
    OnTaskPaused(task, true);
  } else if (is_full(2 * attempt.unread_blocks, 2 * attempt.unread_bytes)) {
    unread_.emplace(attempt.place, task);
  }
}

int64_t MapOperator::MarkRead(TaskId task) {
  const auto it = running_.find(task);
  if (it == running_.end()) return 0;
  Attempt& attempt = it->second;
  pending_bytes_ -= Pending(attempt);
  const int64_t blocks = std::exchange(attempt.unread_blocks, 0);
  attempt.unread_bytes = 0;
  pending_bytes_ += Pending(attempt);
  unread_.erase(attempt.place);
  if (paused_.erase(attempt.place) > 0) OnTaskPaused(task, false);
  return blocks;
}

std::optional<TaskOperator::Unread> MapOperator::First(const ByPlace& tasks) const {
  if (tasks.empty()) return std::nullopt;
  const TaskId task = tasks.begin()->second;
  const Attempt& attempt = running_.at(task);
  return Unread{task, Pending(attempt, 0) - Pending(attempt)};
}

int64_t MapOperator::Pending(const Attempt& attempt, int64_t unread_bytes) {
  return std::max<int64_t>(0, std::min(attempt.window_bytes - unread_bytes,
                                       attempt.expected_bytes - attempt.bytes_seen));
}

MapOperator::Attempt MapOperator::End(std::unordered_map<TaskId, Attempt>::iterator it) {
  const TaskId task = it->first;
  Attempt attempt = std::move(it->second);
  running_.erase(it);
  pending_bytes_ -= Pending(attempt);
  running_input_bytes_ -= attempt.input.size_bytes();
  unread_.erase(attempt.place);
  if (paused_.erase(attempt.place) > 0) OnTaskPaused(task, false);
  OnTaskEnded(task);
  return attempt;
}

Status MapOperator::OnTaskDone(TaskId task, const task::TaskStats& stats) {
  const auto it = running_.find(task);
  if (it == running_.end()) return Status::OK();
  Attempt attempt = End(it);
  bundler_.Observe(static_cast<int64_t>(attempt.input.blocks().size()), stats.wall_s);
  ++tasks_done_;
  bytes_done_ += stats.bytes_out;
  blocks_done_ += stats.blocks_out;
  if (stats.heap_peak_bytes > 0) {
    // Falls by an eighth of the difference per task: one light task does not make it forget.
    heap_bytes_ =
        std::max(stats.heap_peak_bytes, heap_bytes_ - (heap_bytes_ - stats.heap_peak_bytes) / 8);
  }
  outputs_.Finish(attempt.place);
  outputs_.DropFinished();
  if (!options_.eager_free && !stopped_) kept_.push_back(std::move(attempt.input));
  return Status::OK();
}

Status MapOperator::OnTaskFailed(TaskId task, const Status& error, bool retryable) {
  const auto it = running_.find(task);
  if (it == running_.end()) return Status::OK();
  Attempt attempt = End(it);
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

int64_t MapOperator::ExpectedTaskBytes() const {
  return tasks_done_ == 0 ? options_.expected_output_bytes : bytes_done_ / tasks_done_;
}

int64_t MapOperator::expected_output_bytes() const {
  const int64_t all = ExpectedTaskBytes();
  const int64_t block =
      blocks_done_ > 0 ? bytes_done_ / blocks_done_ : options_.target_max_block_size;
  if (options_.max_unread_blocks <= 0 || block <= 0) return all;
  return std::min(all,
                  std::max(options_.max_unread_blocks * block, options_.target_min_block_size));
}

int64_t MapOperator::expected_heap_bytes() const {
  return heap_bytes_ > 0 ? heap_bytes_ : options_.expected_heap_bytes;
}

}  // namespace headrace::exec
