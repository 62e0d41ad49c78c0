// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>

#include "headrace/task/ref_bundle.h"

namespace headrace::exec {

/// Decides which waiting bundles one task gets. Scheduling thread.
class TaskBundler {
 public:
  struct Options {
    /// Rows that a task should have, so that its batches are full; 0: any.
    int64_t min_rows = 0;
    /// Bytes that a task should have. When the input has ended, what is left is shared between the
    /// slots instead.
    int64_t min_bytes = 0;
    /// Whether several bundles may share a task when they are tiny and fast.
    bool may_group = true;
    int num_slots = 1;  // tasks that can run at a time
  };
  /// A grouped task should take about this long: well above the 100 µs that a task costs, well
  /// below what a person or a downstream operator notices.
  static constexpr double kGroupedTaskSeconds = 0.01;
  static constexpr int64_t kMaxGroupedBlocks = 512;
  static constexpr int64_t kMaxGroupedBytes = 4 << 20;

  explicit TaskBundler(Options options) : options_(options) {}

  void Add(task::RefBundle bundle);
  void InputDone() { input_done_ = true; }
  bool HasTask() const;
  /// Only while HasTask().
  task::RefBundle Next();
  /// What the next task reads is brought back from disk meanwhile.
  void PrefetchNext() const;
  /// A task over `num_blocks` took `seconds`: how many are grouped is learnt from that.
  void Observe(int64_t num_blocks, double seconds);
  /// True when several blocks of one task came from different bundles.
  bool groups() const { return options_.min_rows <= 0 && options_.min_bytes <= 0; }
  void Clear();

  bool empty() const { return queue_.empty(); }
  bool input_done() const { return input_done_; }
  int64_t bytes() const { return bytes_; }
  int64_t num_blocks() const { return static_cast<int64_t>(queue_.size()); }

 private:
  int64_t GroupSize() const;

  const Options options_;
  std::deque<task::RefBundle> queue_;
  int64_t bytes_ = 0;
  int64_t rows_ = 0;
  bool input_done_ = false;
  double seconds_per_block_ = -1;  // moving average; < 0: unknown
};

}  // namespace headrace::exec
