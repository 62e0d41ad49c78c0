// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"

namespace headrace::store {

/// A piece of shared memory: a memory file (memfd) mapped into this process. It has no name in any
/// file system, so nothing is left behind whatever dies. Immutable handle; any thread.
class Segment {
 public:
  /// A new segment of `capacity` bytes, writable here. Pages are backed when first touched.
  static Result<std::shared_ptr<Segment>> Create(int64_t capacity);
  /// Maps a segment of another process read-only. Takes over `fd`.
  static Result<std::shared_ptr<Segment>> Map(uint64_t id, UniqueFd fd, int64_t capacity);
  ~Segment();
  Segment(const Segment&) = delete;
  Segment& operator=(const Segment&) = delete;

  /// Capacity of all segments that this process has made or mapped and that are alive.
  static int64_t live_bytes();

  /// Unique on this machine while any process lives that knows it.
  uint64_t id() const { return id_; }
  int fd() const { return fd_.get(); }
  int64_t capacity() const { return capacity_; }
  const uint8_t* data() const { return data_; }
  /// nullptr when mapped read-only.
  uint8_t* mutable_data() const { return writable_ ? data_ : nullptr; }

 private:
  Segment(uint64_t id, UniqueFd fd, int64_t capacity, uint8_t* data, bool writable);
  uint64_t id_;
  UniqueFd fd_;
  int64_t capacity_;
  uint8_t* data_;
  bool writable_;
};

/// The first `size` bytes of `segment` as a buffer; `on_release` runs when the last user of the
/// buffer is gone, in that user's thread. It must not block.
std::shared_ptr<arrow::Buffer> SegmentBuffer(std::shared_ptr<Segment> segment, int64_t size,
                                             std::function<void()> on_release);

}  // namespace headrace::store
