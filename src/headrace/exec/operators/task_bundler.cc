// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/operators/task_bundler.h"

#include <algorithm>
#include <utility>

namespace headrace::exec {

void TaskBundler::Add(task::RefBundle bundle) {
  bytes_ += bundle.size_bytes();
  rows_ += bundle.num_rows();
  queue_.push_back(std::move(bundle));
}

bool TaskBundler::HasTask() const {
  if (queue_.empty()) return false;
  return input_done_ || (rows_ >= options_.min_rows && bytes_ >= options_.min_bytes);
}

int64_t TaskBundler::GroupSize() const {
  if (!options_.may_group || seconds_per_block_ < 0) return 1;
  const auto by_time =
      static_cast<int64_t>(kGroupedTaskSeconds / std::max(seconds_per_block_, 1e-6));
  // Several rounds for each slot, so that the last tasks end at about the same time.
  const int64_t by_queue = num_blocks() / (4 * std::max(1, options_.num_slots));
  return std::clamp<int64_t>(std::min(by_time, by_queue), 1, kMaxGroupedBlocks);
}

task::RefBundle TaskBundler::Next() {
  task::RefBundle out;
  const int64_t group = GroupSize();
  // At the end the slots share what is left.
  const int64_t enough_bytes =
      input_done_ ? std::min(options_.min_bytes, bytes_ / std::max(1, options_.num_slots))
                  : options_.min_bytes;
  const auto is_full = [&](int64_t bundles) {
    // An argument says what is to be made of its bundle alone.
    if (!out.argument().empty() || !queue_.front().argument().empty()) return true;
    if (!groups()) return out.num_rows() >= options_.min_rows && out.size_bytes() >= enough_bytes;
    return bundles >= group || out.size_bytes() + queue_.front().size_bytes() > kMaxGroupedBytes;
  };
  int64_t bundles = 0;
  while (!queue_.empty() && (bundles == 0 || !is_full(bundles))) {
    bytes_ -= queue_.front().size_bytes();
    rows_ -= queue_.front().num_rows();
    if (bundles == 0) {
      out = std::move(queue_.front());
    } else {
      out.Append(std::move(queue_.front()));
    }
    queue_.pop_front();
    ++bundles;
  }
  return out;
}

void TaskBundler::PrefetchNext() const {
  if (queue_.empty()) return;
  task::PrefetchBlocks(queue_.front().blocks().begin(), queue_.front().blocks().end());
}

void TaskBundler::Observe(int64_t num_blocks, double seconds) {
  const double each = seconds / static_cast<double>(std::max<int64_t>(1, num_blocks));
  seconds_per_block_ = seconds_per_block_ < 0 ? each : 0.7 * seconds_per_block_ + 0.3 * each;
}

void TaskBundler::Clear() {
  queue_.clear();
  bytes_ = 0;
  rows_ = 0;
}

}  // namespace headrace::exec
