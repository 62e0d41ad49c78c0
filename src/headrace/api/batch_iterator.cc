// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/batch_iterator.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <utility>

#include "headrace/block/schema.h"
#include "headrace/store/recycling_pool.h"

namespace headrace::api {
namespace {

/// A block stays in memory while one of its rows waits. Once the blocks hold this many times the
/// rows that wait, those are copied together; each row is copied so at most every third refill.
constexpr int64_t kMaxPoolSlack = 3;

/// Small batches are made ahead in larger numbers than asked for, up to these bytes and this many:
/// else the two threads would wake each other for each of them.
constexpr int64_t kExtraBytes = 1 << 20;
constexpr int64_t kMaxExtraBatches = 64;

int64_t ExtraBatches(const Block& batch) {
  return std::min(kMaxExtraBatches, kExtraBytes / std::max<int64_t>(1, batch.size_bytes()));
}

}  // namespace

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
      if (IsLow()) changed_.notify_all();
    }
    return front;
  }();
  blocked_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return batch;
}

bool BatchIterator::WaitReady(std::chrono::milliseconds timeout) {
  if (!thread_.joinable()) return held_rows_ > 0 || execution_->WaitReady(timeout);
  const auto begin = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  const bool ready = changed_.wait_for(
      lock, timeout, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return !ready_.empty(); });
  blocked_s_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return ready;
}

bool BatchIterator::IsLow() const {
  return static_cast<int64_t>(ready_.size()) < options_.prefetch_batches + (extra_batches_ + 1) / 2;
}

void BatchIterator::Prefetch() {
  bool is_full = false;
  while (!is_full || WaitUntilLow()) {
    Result<std::optional<Block>> batch = Make();
    const bool last = !batch.ok() || !batch->has_value();
    {
      const std::scoped_lock lock(mutex_);
      if (stopped_) return;
      if (!last) extra_batches_ = ExtraBatches(**batch);
      ready_.push_back(std::move(batch));
      is_full = static_cast<int64_t>(ready_.size()) >= options_.prefetch_batches + extra_batches_;
    }
    changed_.notify_all();
    if (last) return;
  }
}

bool BatchIterator::WaitUntilLow() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return stopped_ || IsLow(); });
  return !stopped_;
}

Result<bool> BatchIterator::Pull() {
  while (!input_ended_) {
    ARROW_ASSIGN_OR_RAISE(auto block, execution_->NextBlock());
    if (!block) {
      input_ended_ = true;
    } else if (block->num_rows() > 0) {
      held_rows_ += block->num_rows();
      held_.push_back(*std::move(block));
      return true;
    }
  }
  return false;
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
  return ConcatBlocks(parts, store::BlockMemoryPool());
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

Status BatchIterator::AddToPool(Block block) {
  if (!pool_.empty() && !pool_.front().schema()->Equals(*block.schema())) {
    ARROW_ASSIGN_OR_RAISE(const auto schema,
                          headrace::UnifySchemas({pool_.front().schema(), block.schema()}));
    for (Block& old : pool_) {
      ARROW_ASSIGN_OR_RAISE(old, ConformTo(old, schema, store::BlockMemoryPool()));
    }
    ARROW_ASSIGN_OR_RAISE(block, ConformTo(block, schema, store::BlockMemoryPool()));
  }
  const auto number = static_cast<uint32_t>(pool_.size());
  for (int64_t row = 0; row < block.num_rows(); ++row) {
    rows_.push_back({number, static_cast<uint32_t>(row)});
  }
  pool_rows_ += block.num_rows();
  pool_.push_back(std::move(block));
  return Status::OK();
}

Status BatchIterator::CompactPool() {
  const auto left = static_cast<int64_t>(rows_.size());
  if (pool_rows_ <= kMaxPoolSlack * left) return Status::OK();
  ARROW_ASSIGN_OR_RAISE(Block rest, compute::GatherRows(pool_, rows_, store::BlockMemoryPool()));
  pool_.clear();
  rows_.clear();
  pool_rows_ = 0;
  return AddToPool(std::move(rest));
}

Status BatchIterator::Refill() {
  ARROW_RETURN_NOT_OK(CompactPool());
  const int64_t wanted = std::max(options_.shuffle_buffer_rows, options_.batch_size);
  while (static_cast<int64_t>(rows_.size()) < wanted) {
    ARROW_ASSIGN_OR_RAISE(const bool more, Pull());
    if (!more) break;
    ARROW_RETURN_NOT_OK(AddToPool(std::move(held_.front())));
    held_.pop_front();
    held_rows_ = 0;
  }
  return Status::OK();
}

Result<std::optional<Block>> BatchIterator::MakeShuffled() {
  const auto left = [this] { return static_cast<int64_t>(rows_.size()); };
  // Rows are drawn from a buffer that is refilled when it is half empty.
  const int64_t low = std::max(options_.shuffle_buffer_rows / 2, options_.batch_size);
  if (left() < low && !input_ended_) ARROW_RETURN_NOT_OK(Refill());
  const int64_t rows = std::min(left(), options_.batch_size);
  if (rows == 0 || (rows < options_.batch_size && options_.drop_last)) return std::nullopt;
  // The drawn rows move to the end (Fisher-Yates), from where they are taken off.
  for (int64_t i = left() - 1; i >= left() - rows; --i) {
    const auto drawn = static_cast<int64_t>(random_() % static_cast<uint64_t>(i + 1));
    std::swap(rows_[i], rows_[drawn]);
  }
  const std::span<const compute::RowRef> batch(rows_.data() + left() - rows, rows);
  ARROW_ASSIGN_OR_RAISE(Block block, compute::GatherRows(pool_, batch, store::BlockMemoryPool()));
  rows_.resize(left() - rows);
  return std::optional(std::move(block));
}

}  // namespace headrace::api
