// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/store/object.h"

namespace headrace::store {

/// The threads of a store that write objects to disk and bring them back: one that spills, up to
/// two that restore, each started when it is first needed. They hold the store only while they
/// work, so it can end on any thread, also on one of them. Any thread.
class SpillThreads {
 public:
  /// What a thread does, in a store that is alive.
  using Spill = void (*)(ObjectStore&);

  /// To be called once, before anything else: a store cannot refer to itself while it is made.
  void Attach(std::weak_ptr<ObjectStore> store, Spill spill);
  ~SpillThreads();

  void WakeSpiller();
  /// Brings `object` back, to a segment if so wanted, and calls `done`, if any, also on failure.
  void Restore(ObjectRef object, bool to_segment, std::function<void()> done);
  /// Waits while `too_full` says so and the spiller is at work; the caller's task may be cancelled
  /// meanwhile.
  void WaitWhile(const std::function<bool()>& too_full, const std::function<bool()>& cancelled);
  /// Something was let go: whoever waits looks again.
  void NoteRoom();

 private:
  struct Request {
    ObjectRef object;
    bool to_segment = false;
    std::function<void()> done;
  };
  /// Outlives this in the threads.
  struct State {
    std::mutex mutex;
    std::condition_variable spiller;
    std::condition_variable restorers;
    std::condition_variable room;
    bool closed HR_GUARDED_BY(mutex) = false;
    bool spill_wanted HR_GUARDED_BY(mutex) = false;
    bool spilling HR_GUARDED_BY(mutex) = false;
    std::deque<Request> requests HR_GUARDED_BY(mutex);
    int idle_restorers HR_GUARDED_BY(mutex) = 0;
  };
  static void SpillLoop(const std::shared_ptr<State>& state,
                        const std::weak_ptr<ObjectStore>& store, Spill spill);
  static void RestoreLoop(const std::shared_ptr<State>& state);

  const std::shared_ptr<State> state_ = std::make_shared<State>();
  std::weak_ptr<ObjectStore> store_;
  Spill spill_ = nullptr;
  std::vector<std::thread> threads_ HR_GUARDED_BY(state_->mutex);
  bool has_spiller_ HR_GUARDED_BY(state_->mutex) = false;
  int num_restorers_ HR_GUARDED_BY(state_->mutex) = 0;
};

}  // namespace headrace::store
