// SPDX-License-Identifier: Apache-2.0
#include "headrace/exec/output_queue.h"

namespace headrace::exec {

bool OutputQueue::HasRoom() const {
  const std::scoped_lock lock(mutex_);
  return bytes_ < limits_.max_bytes && static_cast<int64_t>(blocks_.size()) < limits_.max_blocks;
}

int64_t OutputQueue::bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

int64_t OutputQueue::WakeOnTake(bool wanted) {
  const std::scoped_lock lock(mutex_);
  wake_on_take_ = wanted;
  return bytes_;
}

void OutputQueue::Push(task::RefBundle bundle) {
  bool was_empty = false;
  {
    const std::scoped_lock lock(mutex_);
    was_empty = blocks_.empty();
    bytes_ += bundle.size_bytes();
    for (const auto& block : bundle.blocks()) blocks_.push_back(block);
    was_full_ =
        bytes_ >= limits_.max_bytes || static_cast<int64_t>(blocks_.size()) >= limits_.max_blocks;
  }
  if (was_empty) not_empty_.notify_one();
}

void OutputQueue::Finish(Status status) {
  {
    const std::scoped_lock lock(mutex_);
    if (finished_) return;
    finished_ = true;
    status_ = std::move(status);
  }
  not_empty_.notify_all();
}

Result<std::vector<task::BlockRef>> OutputQueue::Take() {
  bool made_room = false;
  std::vector<task::BlockRef> taken;
  {
    std::unique_lock lock(mutex_);
    not_empty_.wait(
        lock, [this]() HR_NO_THREAD_SAFETY_ANALYSIS { return !blocks_.empty() || finished_; });
    if (blocks_.empty()) {
      if (!status_.ok()) return status_;
      return taken;
    }
    taken.swap(blocks_);
    bytes_ = 0;
    made_room = std::exchange(was_full_, false);
    made_room |= std::exchange(wake_on_take_, false);
  }
  if (made_room) on_room_();
  return taken;
}

bool OutputQueue::WaitReady(std::chrono::milliseconds timeout) {
  std::unique_lock lock(mutex_);
  return not_empty_.wait_for(lock, timeout, [this]() HR_NO_THREAD_SAFETY_ANALYSIS {
    return !blocks_.empty() || finished_;
  });
}

}  // namespace headrace::exec
