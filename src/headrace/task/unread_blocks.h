// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>

#include "headrace/task/task_spec.h"

namespace headrace::task {

/// The blocks that a task has put out and nobody has taken yet (TaskBackend::Acknowledge): says
/// when the task has to pause. Backend and scheduler count with the same rule, so that both know
/// which tasks are paused without a message. One thread, or under a lock.
class UnreadBlocks {
 public:
  UnreadBlocks() = default;
  explicit UnreadBlocks(const TaskParams& params)
      : max_blocks_(params.max_unread_blocks), min_bytes_(params.target_min_block_size) {}

  void Add(int64_t size_bytes) {
    if (max_blocks_ <= 0) return;
    sizes_.push_back(size_bytes);
    bytes_ += size_bytes;
  }
  /// The oldest `num_blocks`, as far as there are so many.
  void Acknowledge(int64_t num_blocks) {
    for (; num_blocks > 0 && !sizes_.empty(); --num_blocks) {
      bytes_ -= sizes_.front();
      sizes_.pop_front();
    }
  }
  int64_t num_blocks() const { return static_cast<int64_t>(sizes_.size()); }
  int64_t bytes() const { return bytes_; }
  /// The task pauses. Blocks that are tiny together do not stop it.
  bool full() const { return IsFull(max_blocks_, min_bytes_, num_blocks(), bytes_); }
  /// The rule by itself, for whoever needs no sizes of single blocks.
  static bool IsFull(int64_t max_blocks, int64_t min_bytes, int64_t num_blocks, int64_t bytes) {
    return max_blocks > 0 && num_blocks >= max_blocks && bytes >= min_bytes;
  }

 private:
  int64_t max_blocks_ = 0;
  int64_t min_bytes_ = 0;
  std::deque<int64_t> sizes_;
  int64_t bytes_ = 0;
};

}  // namespace headrace::task
