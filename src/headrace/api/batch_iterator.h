// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "headrace/api/execution.h"
#include "headrace/base/lock_annotations.h"
#include "headrace/compute/gather.h"

namespace headrace::api {

struct BatchOptions {
  int64_t batch_size = 0;  // rows; 0: one batch per block
  bool drop_last = false;
  /// Made ahead by a thread of their own, and more where they are small; 0: none.
  int64_t prefetch_batches = 1;
  /// Rows among which each batch is drawn at random; 0: no shuffling.
  int64_t shuffle_buffer_rows = 0;
  std::optional<uint64_t> shuffle_seed;
};

/// Cuts the blocks of a run into batches, shuffled within a buffer when asked. Pulled by one
/// consumer thread. Keeps the execution alive.
class BatchIterator {
 public:
  BatchIterator(std::shared_ptr<Execution> execution, BatchOptions options);
  ~BatchIterator();

  /// The next batch, or nullopt at the end.
  Result<std::optional<Block>> Next();
  /// Waits until Next() has something to do, at most `timeout`. True when it has.
  bool WaitReady(std::chrono::milliseconds timeout);
  /// Seconds that the consumer has waited.
  double blocked_s() const { return blocked_s_; }

 private:
  Result<std::optional<Block>> Make();
  Result<std::optional<Block>> MakeShuffled();
  Result<bool> Pull();  // one more block into held_; false at the end
  Status Refill();
  /// Brings the rows that are left together, once most rows of the pool's blocks have gone out.
  Status CompactPool();
  Status AddToPool(Block block);
  Result<Block> TakeHeld(int64_t rows);
  void Prefetch();
  /// False: stopped.
  bool WaitUntilLow();
  /// Whether it is time to make batches again. With mutex_ held.
  bool IsLow() const HR_NO_THREAD_SAFETY_ANALYSIS;

  const std::shared_ptr<Execution> execution_;
  const BatchOptions options_;
  std::deque<Block> held_;
  int64_t held_rows_ = 0;
  bool input_ended_ = false;
  double blocked_s_ = 0;

  // Shuffling: the blocks that batches are drawn from, and the rows of them that have not gone out.
  std::mt19937_64 random_;
  std::vector<Block> pool_;
  int64_t pool_rows_ = 0;
  std::vector<compute::RowRef> rows_;

  std::thread thread_;  // joinable when prefetching
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Result<std::optional<Block>>> ready_ HR_GUARDED_BY(mutex_);
  int64_t extra_batches_ HR_GUARDED_BY(mutex_) = 0;  // beyond options_.prefetch_batches
  bool stopped_ HR_GUARDED_BY(mutex_) = false;
};

}  // namespace headrace::api
