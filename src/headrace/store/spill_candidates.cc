// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_candidates.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace headrace::store {
namespace {

/// Candidates are looked at once for so many victims.
constexpr size_t kMaxLarge = 64;
constexpr size_t kMaxTiny = 4096;
/// Tiny objects are left alone while all of them are less than this part of what is missing.
constexpr int64_t kTinyWorthwhile = 64;

}  // namespace

void SpillCandidates::Add(SpillCandidate* candidate) {
  const Lock lock(mutex_);
  if (candidate->listed_) return;
  List& list = ListOf(*candidate);
  // What comes back from disk keeps its age: it says when it is needed, not when it was read.
  if (candidate->age_ == 0) candidate->age_ = ++next_age_;
  candidate->previous_ = list.newest;
  candidate->next_ = nullptr;
  if (list.newest != nullptr) list.newest->next_ = candidate;
  list.newest = candidate;
  list.bytes += candidate->candidate_bytes_;
  candidate->listed_ = true;
}

void SpillCandidates::Remove(SpillCandidate* candidate) {
  const Lock lock(mutex_);
  if (!candidate->listed_) return;
  List& list = ListOf(*candidate);
  if (candidate->previous_ != nullptr) candidate->previous_->next_ = candidate->next_;
  if (candidate->next_ != nullptr) candidate->next_->previous_ = candidate->previous_;
  if (list.newest == candidate) list.newest = candidate->previous_;
  list.bytes -= candidate->candidate_bytes_;
  candidate->listed_ = false;
}

size_t SpillCandidates::ChooseFrom(const List& list, uint64_t round, int64_t bytes,
                                   size_t max_victims, bool only_clean,
                                   const std::function<void(SpillCandidate*)>& take, const Lock&) {
  struct Ranked {
    int64_t rank;
    bool dirty;
    uint64_t age;
    SpillCandidate* candidate;
    // The top of the heap is the largest: the one to be spilled first.
    bool operator<(const Ranked& other) const {
      return std::tuple(other.rank, other.dirty, age) < std::tuple(rank, dirty, other.age);
    }
  };
  std::vector<Ranked> heap;
  for (SpillCandidate* one = list.newest; one != nullptr; one = one->previous_) {
    const bool dirty = !one->clean_.load(std::memory_order_relaxed);
    if (one->tried_in_ >= round || (dirty && only_clean)) continue;
    const bool ahead = one->ahead_.load(std::memory_order_relaxed);
    if (ahead && only_clean) continue;
    const int64_t rank =
        ahead ? std::numeric_limits<int64_t>::max() : one->rank_.load(std::memory_order_relaxed);
    heap.push_back({rank, dirty, one->age_, one});
  }
  std::make_heap(heap.begin(), heap.end());
  int64_t chosen = 0;
  size_t taken = 0;
  while (!heap.empty() && chosen < bytes && taken < max_victims) {
    std::pop_heap(heap.begin(), heap.end());
    SpillCandidate* victim = heap.back().candidate;
    heap.pop_back();
    victim->tried_in_ = round;
    chosen += victim->candidate_bytes_;
    ++taken;
    take(victim);
  }
  return taken;
}

void SpillCandidates::Choose(uint64_t round, int64_t bytes, bool only_clean,
                             const std::function<void(SpillCandidate*)>& take) {
  const Lock lock(mutex_);
  if (ChooseFrom(large_, round, bytes, kMaxLarge, only_clean, take, lock) > 0) return;
  if (tiny_.bytes < bytes / kTinyWorthwhile) return;
  ChooseFrom(tiny_, round, bytes, kMaxTiny, only_clean, take, lock);
}

}  // namespace headrace::store
