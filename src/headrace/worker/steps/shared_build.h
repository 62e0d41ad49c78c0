// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <mutex>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/compute/hash_join.h"

namespace headrace::worker {

/// The index of a broadcast build side, shared by the tasks of one join that run in this process.
/// It lives as long as one of them uses it: a side that is not needed now takes no memory.
/// Thread-safe.
class SharedBuild {
 public:
  using Make = std::function<Result<std::shared_ptr<const compute::HashJoin>>()>;

  /// The index that another task holds, or else what `make` gives. Others that ask meanwhile wait:
  /// they need the same. A failure of `make` is that of its caller alone.
  Result<std::shared_ptr<const compute::HashJoin>> Get(const Make& make) {
    const std::lock_guard lock(mutex_);
    if (auto held = held_.lock()) return held;
    ARROW_ASSIGN_OR_RAISE(auto made, make());
    held_ = made;
    return made;
  }

 private:
  std::mutex mutex_;
  std::weak_ptr<const compute::HashJoin> held_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::worker
