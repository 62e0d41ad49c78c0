// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <vector>

#include "headrace/base/lock_annotations.h"

namespace headrace::store {

class SpillCandidates;

/// The part of an object that says how well it suits to be spilled.
class SpillCandidate {
 public:
  /// Objects below this are spilled when nothing else is left: they cost a system call each, and
  /// free little.
  static constexpr int64_t kTinyBytes = 64 << 10;

 protected:
  explicit SpillCandidate(int64_t size_bytes) : candidate_bytes_(size_bytes) {}
  ~SpillCandidate() = default;

  std::atomic<int64_t> rank_{0};
  std::atomic<bool> resident_{false};
  std::atomic<bool> clean_{false};  // on disk as well: letting it go costs nothing
  std::atomic<bool> ahead_{false};  // brought back for a use that has not come yet

 private:
  friend class SpillCandidates;
  const int64_t candidate_bytes_;
  // In the list of those that are in memory.
  SpillCandidate* previous_ = nullptr;
  SpillCandidate* next_ = nullptr;
  uint64_t age_ = 0;       // higher: newer
  uint64_t tried_in_ = 0;  // the latest round; an earlier one that still goes on need not try again
  bool listed_ = false;
};

/// The objects whose bytes are in memory. Adding and removing is O(1); choosing looks at all large
/// ones. Any thread.
class SpillCandidates {
 public:
  /// A candidate stays until Remove(), which its owner calls before it is gone.
  void Add(SpillCandidate* candidate);
  void Remove(SpillCandidate* candidate);

  /// A choice of victims goes through the candidates once.
  uint64_t NewRound() { return ++rounds_; }
  /// Calls `take`, under the lock, for those that should go first: a batch of those that
  /// have not been taken in this round, about `bytes` in all. By rank, then those that cost
  /// nothing, then the newest; what was brought back ahead of its use goes last. Tiny ones go when
  /// there is nothing else, and they would help. With `only_clean`, none that would have to be
  /// written.
  void Choose(uint64_t round, int64_t bytes, bool only_clean,
              const std::function<void(SpillCandidate*)>& take);

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct List {
    SpillCandidate* newest = nullptr;
    int64_t bytes = 0;
  };
  List& ListOf(const SpillCandidate& candidate) {
    return candidate.candidate_bytes_ < SpillCandidate::kTinyBytes ? tiny_ : large_;
  }
  /// The number of those that were taken.
  size_t ChooseFrom(const List& list, uint64_t round, int64_t bytes, size_t max_victims,
                    bool only_clean, const std::function<void(SpillCandidate*)>& take, const Lock&);

  std::atomic<uint64_t> rounds_{0};
  std::mutex mutex_;
  List large_ HR_GUARDED_BY(mutex_);
  List tiny_ HR_GUARDED_BY(mutex_);
  uint64_t next_age_ HR_GUARDED_BY(mutex_) = 0;
};

}  // namespace headrace::store
