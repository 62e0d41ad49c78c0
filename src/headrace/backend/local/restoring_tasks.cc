// SPDX-License-Identifier: Apache-2.0
#include "headrace/backend/local/restoring_tasks.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <utility>

#include "headrace/backend/local/block_exchange.h"

namespace headrace::backend {

bool RestoringTasks::MustWait(const task::TaskSpec& task, task::ActorId actor) const {
  const auto& blocks = task.input.blocks();
  if (std::any_of(blocks.begin(), blocks.end(),
                  [](const task::BlockRef& block) { return !block.object->resident(); })) {
    return true;
  }
  return actor != 0 && std::any_of(waiting_.begin(), waiting_.end(),
                                   [&](const Waiting& other) { return other.actor == actor; });
}

void RestoringTasks::Add(task::TaskSpec task, task::CompletionSink* sink, task::ActorId actor) {
  waiting_.push_back({std::move(task), sink, actor});
  const task::TaskSpec& spec = waiting_.back().spec;
  std::vector<task::BlockRef> missing;
  for (const task::BlockRef& block : spec.input.blocks()) {
    if (!block.object->resident()) missing.push_back(block);
  }
  // One more than there are blocks: the last word is ours, also when all came back meanwhile.
  const auto left = std::make_shared<std::atomic<size_t>>(missing.size() + 1);
  const auto done = [left, id = spec.id, on_restored = on_restored_] {
    if (left->fetch_sub(1) == 1) on_restored(id);
  };
  for (const task::BlockRef& block : missing) {
    using To = store::ObjectStore::RestoreTo;
    block.object->store()->Prefetch(block.object, done,
                                    block.size_bytes > kMaxInlineBytes ? To::kSegment : To::kHeap);
  }
  done();
}

std::vector<RestoringTasks::Waiting> RestoringTasks::Restored(task::TaskId task) {
  const auto found = std::find_if(waiting_.begin(), waiting_.end(),
                                  [&](const Waiting& w) { return w.spec.id == task; });
  if (found == waiting_.end()) return {};
  found->restored = true;
  const task::ActorId actor = found->actor;
  if (actor == 0) return RemoveIf([&](const Waiting& w) { return w.spec.id == task; });
  bool in_line = true;  // nobody of the actor before it waits
  return RemoveIf([&](const Waiting& w) {
    if (w.actor != actor) return false;
    in_line = in_line && w.restored;
    return in_line;
  });
}

std::optional<RestoringTasks::Waiting> RestoringTasks::Remove(task::TaskId task) {
  auto removed = RemoveIf([&](const Waiting& w) { return w.spec.id == task; });
  if (removed.empty()) return std::nullopt;
  return std::move(removed.front());
}

std::vector<RestoringTasks::Waiting> RestoringTasks::RemoveOfSink(task::CompletionSink* sink) {
  return RemoveIf([&](const Waiting& w) { return w.sink == sink; });
}

std::vector<RestoringTasks::Waiting> RestoringTasks::RemoveOfActor(task::ActorId actor) {
  return RemoveIf([&](const Waiting& w) { return w.actor == actor; });
}

template <typename Predicate>
std::vector<RestoringTasks::Waiting> RestoringTasks::RemoveIf(Predicate&& predicate) {
  std::vector<Waiting> removed;
  for (auto it = waiting_.begin(); it != waiting_.end();) {
    if (predicate(*it)) {
      removed.push_back(std::move(*it));
      it = waiting_.erase(it);
    } else {
      ++it;
    }
  }
  return removed;
}

}  // namespace headrace::backend
