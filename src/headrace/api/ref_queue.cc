// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/ref_queue.h"

#include <algorithm>
#include <iterator>

namespace headrace::api {

void RefQueue::Push(std::vector<task::BlockRef> refs) {
  std::move(refs.begin(), refs.end(), std::back_inserter(refs_));
}

Result<Block> RefQueue::Pop() {
  task::PrefetchBlocks(refs_.begin() + 1, refs_.end());
  const task::BlockRef front = std::move(refs_.front());
  refs_.pop_front();
  return front.Load();
}

}  // namespace headrace::api
