// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <vector>

#include "headrace/task/ref_bundle.h"

namespace headrace::api {

/// Blocks that were taken from a run and are loaded one after the other, while those that come next
/// are brought back from disk. One thread.
class RefQueue {
 public:
  void Push(std::vector<task::BlockRef> refs);
  bool empty() const { return refs_.empty(); }
  /// The first block. Not while empty.
  Result<Block> Pop();

 private:
  std::deque<task::BlockRef> refs_;
};

}  // namespace headrace::api
