// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "headrace/base/unique_fd.h"

namespace headrace::backend {

/// Measures the working memory of one task after the other in a worker process: private memory at
/// its most, beyond what there was when the task began. One thread; what other threads of the
/// process do meanwhile counts as well. Start() costs 2 µs (measured), so that tiny tasks hardly
/// notice.
class TaskHeap {
 public:
  TaskHeap();
  /// A task begins.
  void Start();
  /// Since Start(); 0: unknown, or too short a task to be worth a look.
  int64_t PeakBytes() const;
  /// Most that was ever resident in this process, files and shared memory included.
  int64_t PeakRssBytes();

 private:
  struct Resident {
    int64_t total = 0;
    int64_t shared = 0;  // of it, files and shared memory
  };
  Resident Read() const;

  UniqueFd statm_;
  UniqueFd clear_refs_;  // resets the peak; invalid where the kernel does not allow it
  Resident start_;
  int64_t start_us_ = 0;
  int64_t peak_rss_ = 0;  // Start() resets the kernel's
};

}  // namespace headrace::backend
