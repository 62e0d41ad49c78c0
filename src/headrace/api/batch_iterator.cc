// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/batch_iterator.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <chrono>
#include <numeric>
#include <utility>

namespace headrace::api {

BatchIterator::BatchIterator(std::shared_ptr<Execution> execution, BatchOptions options)
    : execution_(std::move(execution)),
      options_(options),
      random_(options.shuffle_seed.value_or(std::random_device{}())) {
  if (options_.prefetch_batches > 0) thread_ = std::thread([this] { Prefetch(); });
}

BatchIterator::~BatchIterator() {
  if (!thread_.joinable()) return;
  {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
  }
  changed_.notify_all();
  execution_->Cancel();  // wakes the thread if it waits for a block
  thread_.join();
}

Result<std::optional<Block>> BatchIterator::Next() {
  const auto begin = std::chrono::steady_clock::now();
  Result<std::optional<Block>> batch = [&]() -> Result<std::optional<Block>> {
    if (!thread_.joinable()) return Make();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return !ready_.empty(); });
    auto front = ready_.front();
    // The end, or an error, stays: it is the answer to every further call.
    if (front.ok() && front->has_value()) {
      ready_.pop_front();
      changed_.notify_all();
    }
    return front;
  }();
  blocked_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return batch;
}

bool BatchIterator::WaitReady(std::chrono::milliseconds timeout) {
  if (!thread_.joinable())
    return held_rows_ > 0 || !arrived_.empty() || execution_->WaitReady(timeout);
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  const bool ready = changed_.wait_for(
      lock, timeout, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return !ready_.empty(); });
  blocked_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return ready;
}

void BatchIterator::Prefetch() {
  while (true) {
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS {
        return stopped_ || static_cast<int64_t>(ready_.size()) < options_.prefetch_batches;
      });
      if (stopped_) return;
    }
    Result<std::optional<Block>> batch = Make();
    const bool last = !batch.ok() || !batch->has_value();
    {
      const std::scoped_lock lock(mutex_);
      ready_.push_back(std::move(batch));
    }
    changed_.notify_all();
    if (last) return;
  }
}

Result<bool> BatchIterator::Pull() {
  while (arrived_.empty()) {
    if (input_ended_) return false;
    ARROW_ASSIGN_OR_RAISE(auto blocks, execution_->NextBlocks());
    if (blocks.empty()) input_ended_ = true;
    for (Block& block : blocks) {
      if (block.num_rows() > 0) arrived_.push_back(std::move(block));
    }
  }
  held_rows_ += arrived_.front().num_rows();
  held_.push_back(std::move(arrived_.front()));
  arrived_.pop_front();
  return true;
}

Result<Block> BatchIterator::TakeHeld(int64_t rows) {
  std::vector<Block> parts;
  while (rows > 0) {
    Block& front = held_.front();
    const int64_t take = std::min(rows, front.num_rows());
    parts.push_back(front.Slice(0, take));
    rows -= take;
    held_rows_ -= take;
    if (take == front.num_rows()) {
      held_.pop_front();
    } else {
      front = front.Slice(take, front.num_rows());
    }
  }
  return ConcatBlocks(parts);
}

Result<std::optional<Block>> BatchIterator::Make() {
  if (options_.shuffle_buffer_rows > 0) return MakeShuffled();
  if (options_.batch_size <= 0) {
    ARROW_ASSIGN_OR_RAISE(const bool more, Pull());
    if (!more) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Block batch, TakeHeld(held_rows_));
    return std::optional(std::move(batch));
  }
  while (held_rows_ < options_.batch_size) {
    ARROW_ASSIGN_OR_RAISE(const bool more, Pull());
    if (!more) break;
  }
  const int64_t rows = std::min(held_rows_, options_.batch_size);
  if (rows == 0 || (rows < options_.batch_size && options_.drop_last)) return std::nullopt;
  ARROW_ASSIGN_OR_RAISE(Block batch, TakeHeld(rows));
  return std::optional(std::move(batch));
}

Status BatchIterator::Refill() {
  // What is left of the pool goes first, then new rows until the buffer is full.
  if (!order_.empty()) {
    arrow::Int64Builder indices;
    ARROW_RETURN_NOT_OK(indices.AppendValues(order_));
    ARROW_ASSIGN_OR_RAISE(auto array, indices.Finish());
    ARROW_ASSIGN_OR_RAISE(const auto rest, arrow::compute::Take(pool_.batch(), array));
    held_.emplace_front(rest.record_batch());
    held_rows_ += held_.front().num_rows();
  }
  const int64_t wanted = std::max(options_.shuffle_buffer_rows, options_.batch_size);
  while (held_rows_ < wanted) {
    ARROW_ASSIGN_OR_RAISE(const bool more, Pull());
    if (!more) break;
  }
  ARROW_ASSIGN_OR_RAISE(pool_, TakeHeld(held_rows_));
  order_.resize(pool_.num_rows());
  std::iota(order_.begin(), order_.end(), 0);
  std::shuffle(order_.begin(), order_.end(), random_);
  return Status::OK();
}

Result<std::optional<Block>> BatchIterator::MakeShuffled() {
  const auto left = [this] { return static_cast<int64_t>(order_.size()); };
  // Rows are drawn from a buffer that is refilled when it is half empty.
  const int64_t low = std::max(options_.shuffle_buffer_rows / 2, options_.batch_size);
  const bool may_refill = !input_ended_ || !arrived_.empty() || held_rows_ > 0;
  if (left() < low && may_refill) ARROW_RETURN_NOT_OK(Refill());
  const int64_t rows = std::min(left(), options_.batch_size);
  if (rows == 0 || (rows < options_.batch_size && options_.drop_last)) return std::nullopt;
  arrow::Int64Builder indices;
  ARROW_RETURN_NOT_OK(indices.AppendValues(order_.data() + left() - rows, rows));
  order_.resize(left() - rows);
  ARROW_ASSIGN_OR_RAISE(auto array, indices.Finish());
  ARROW_ASSIGN_OR_RAISE(const auto batch, arrow::compute::Take(pool_.batch(), array));
  return std::optional(Block(batch.record_batch()));
}

}  // namespace headrace::api
