// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

#include "headrace/task/ref_bundle.h"

namespace headrace::exec {

/// Puts the outputs of tasks that run at the same time back into the order in which the tasks were
/// started. Costs O(1) per bundle. Scheduling thread.
class OrderedOutputs {
 public:
  /// A task starts; returns its place in the order.
  int64_t Start() {
    slots_.emplace_back();
    return first_ + static_cast<int64_t>(slots_.size()) - 1;
  }
  void Add(int64_t place, task::RefBundle bundle) {
    bytes_ += bundle.size_bytes();
    slots_[place - first_].bundles.push_back(std::move(bundle));
  }
  void Finish(int64_t place) { slots_[place - first_].finished = true; }

  std::optional<task::RefBundle> Take() {
    DropFinished();
    if (slots_.empty() || slots_.front().empty()) return std::nullopt;
    Slot& slot = slots_.front();
    task::RefBundle bundle = std::move(slot.bundles[slot.next++]);
    if (slot.empty()) {  // a long task reuses the room
      slot.bundles.clear();
      slot.next = 0;
    }
    bytes_ -= bundle.size_bytes();
    DropFinished();
    return bundle;
  }
  /// Nothing is held and every started task has finished.
  bool empty() const { return slots_.empty(); }
  int64_t bytes() const { return bytes_; }
  void Clear() {
    for (Slot& slot : slots_) {
      slot.bundles.clear();
      slot.next = 0;
    }
    bytes_ = 0;
  }

  /// Call after Finish(), so that empty() is exact without a Take().
  void DropFinished() {
    while (!slots_.empty() && slots_.front().finished && slots_.front().empty()) {
      slots_.pop_front();
      ++first_;
    }
  }

 private:
  struct Slot {
    std::vector<task::RefBundle> bundles;
    size_t next = 0;  // of bundles; those before it have left
    bool finished = false;

    bool empty() const { return next == bundles.size(); }
  };
  std::deque<Slot> slots_;
  int64_t first_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace headrace::exec
