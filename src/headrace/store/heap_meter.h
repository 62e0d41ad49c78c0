// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>

namespace headrace::store {

/// Working memory that the calling thread takes from BlockMemoryPool(): what it allocated, less
/// what it freed and what it handed on, and the most of that at a time. The pool counts for every
/// thread; a task starts anew. The thread itself only.
class HeapMeter {
 public:
  /// Of the calling thread.
  static HeapMeter& Current() {
    static thread_local HeapMeter meter;
    return meter;
  }
  /// A new task begins.
  void Start() { now_ = peak_ = 0; }
  void Add(int64_t bytes) {
    now_ += bytes;
    peak_ = std::max(peak_, now_);
  }
  /// `bytes` belong to somebody else from now on.
  void HandOn(int64_t bytes) { now_ -= bytes; }
  int64_t peak_bytes() const { return peak_; }

 private:
  int64_t now_ = 0;
  int64_t peak_ = 0;
};

}  // namespace headrace::store
