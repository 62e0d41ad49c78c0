// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_threads.h"

#include <chrono>
#include <utility>

#include "headrace/store/object_store.h"

namespace headrace::store {
namespace {

/// One reads while the other turns bytes into values.
constexpr int kMaxRestorers = 2;
/// How soon a task that waits for room notices that it was cancelled: nobody tells the store.
constexpr auto kCancelInterval = std::chrono::milliseconds(20);

}  // namespace

void SpillThreads::Attach(std::weak_ptr<ObjectStore> store, Spill spill) {
  store_ = std::move(store);
  spill_ = spill;
}

SpillThreads::~SpillThreads() {
  std::vector<std::thread> threads;
  std::deque<Request> requests;
  {
    const std::scoped_lock lock(state_->mutex);
    state_->closed = true;  // 1. nobody begins anything
    requests.swap(state_->requests);
    threads.swap(threads_);
  }
  state_->spiller.notify_all();
  state_->restorers.notify_all();
  state_->room.notify_all();
  for (std::thread& thread : threads) {  // 2. what is under way ends
    if (thread.get_id() == std::this_thread::get_id()) {
      thread.detach();  // it dropped the last reference, and ends as soon as it is back in its loop
    } else {
      thread.join();
    }
  }
}

void SpillThreads::WakeSpiller() {
  const std::scoped_lock lock(state_->mutex);
  if (state_->closed || std::exchange(state_->spill_wanted, true)) return;
  if (!std::exchange(has_spiller_, true)) {
    threads_.emplace_back(
        [state = state_, store = store_, spill = spill_] { SpillLoop(state, store, spill); });
  }
  state_->spiller.notify_one();
}

void SpillThreads::Restore(ObjectRef object, bool to_segment, std::function<void()> done) {
  const std::scoped_lock lock(state_->mutex);
  state_->requests.push_back({std::move(object), to_segment, std::move(done)});
  const auto waiting = static_cast<int>(state_->requests.size());
  if (waiting > state_->idle_restorers && num_restorers_ < kMaxRestorers) {
    ++num_restorers_;
    threads_.emplace_back([state = state_] { RestoreLoop(state); });
  }
  state_->restorers.notify_one();
}

void SpillThreads::NoteRoom() { state_->room.notify_all(); }

void SpillThreads::WaitWhile(const std::function<bool()>& too_full,
                             const std::function<bool()>& cancelled) {
  std::unique_lock lock(state_->mutex);
  while (!state_->closed && (state_->spill_wanted || state_->spilling) && too_full() &&
         !cancelled()) {
    state_->room.wait_for(lock, kCancelInterval);
  }
}

void SpillThreads::SpillLoop(const std::shared_ptr<State>& state,
                             const std::weak_ptr<ObjectStore>& store, Spill spill) {
  while (true) {
    {
      std::unique_lock lock(state->mutex);
      state->spilling = false;
      state->room.notify_all();
      state->spiller.wait(lock, [&]() HR_NO_THREAD_SAFETY_ANALYSIS {
        return state->spill_wanted || state->closed;
      });
      if (state->closed) return;
      state->spill_wanted = false;
      state->spilling = true;
    }
    const auto alive = store.lock();
    if (alive == nullptr) return;
    spill(*alive);
  }
}

void SpillThreads::RestoreLoop(const std::shared_ptr<State>& state) {
  while (true) {
    Request request;
    {
      std::unique_lock lock(state->mutex);
      ++state->idle_restorers;
      state->restorers.wait(lock, [&]() HR_NO_THREAD_SAFETY_ANALYSIS {
        return !state->requests.empty() || state->closed;
      });
      --state->idle_restorers;
      if (state->requests.empty()) return;
      request = std::move(state->requests.front());
      state->requests.pop_front();
    }
    // A mere hint is worth nothing that somebody else needs.
    if (!request.done && !request.object->store()->MakeRoom(request.object->size_bytes())) {
      request.object->EndAhead();
      continue;
    }
    // Whoever uses the object meets the same error again, and reports it.
    IgnoreStatus(request.object->BringAhead(request.to_segment),
                 "an object could not be brought back ahead of its use");
    if (request.done) request.done();
  }
}

}  // namespace headrace::store
