// SPDX-License-Identifier: Apache-2.0
#include "headrace/task/task_spec.h"

namespace headrace::task {

uint64_t NextId() {
  static std::atomic<uint64_t> next{1};
  return next.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace headrace::task
