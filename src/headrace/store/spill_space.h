// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/store/spill_directory.h"
#include "headrace/store/spill_extent.h"
#include "headrace/store/spill_options.h"

namespace headrace::store {

/// The disk space of a store: appends extents to large files, in the directories in turn, up to the
/// quota. Nothing is touched before the first write. Any thread.
class SpillSpace {
 public:
  explicit SpillSpace(SpillOptions options) : options_(std::move(options)) {}

  /// Fails with ErrorKind::kOutOfDisk when no directory takes the bytes.
  Result<std::shared_ptr<const Extent>> Write(
      const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment);
  /// Bytes on disk now.
  int64_t used_bytes() const { return used_bytes_->load(std::memory_order_relaxed); }

 private:
  using Lock = std::unique_lock<std::mutex>;
  struct Place {
    std::unique_ptr<SpillDirectory> directory;
    std::shared_ptr<SpillFile> file;  // that extents are appended to; nullptr: none yet
  };
  Status Open(const Lock&);
  Result<std::shared_ptr<SpillFile>> FileFor(Place& place, int64_t bytes, const Lock&);

  const SpillOptions options_;
  const std::shared_ptr<std::atomic<int64_t>> used_bytes_ =
      std::make_shared<std::atomic<int64_t>>(0);
  std::mutex mutex_;  // held while writing: extents of a file follow each other
  std::vector<Place> places_ HR_GUARDED_BY(mutex_);
  size_t next_place_ HR_GUARDED_BY(mutex_) = 0;
  int64_t quota_bytes_ HR_GUARDED_BY(mutex_) = 0;
};

}  // namespace headrace::store
