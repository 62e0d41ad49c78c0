// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"
#include "headrace/store/spill_options.h"

namespace headrace::store {

/// A file without a name that extents are appended to. Closed, and its space given back, when the
/// last extent is gone and nobody appends any more.
struct SpillFile {
  UniqueFd fd;
  std::string directory;
  int64_t end = 0;  // where the next extent begins; of the one thread that writes
};

/// The bytes of one object on disk; gives its space back when destroyed. Immutable; any thread.
class Extent {
 public:
  /// Extents begin at multiples of this, so that the pages of one that is gone can be given back.
  static constexpr int64_t kAlignment = 4096;

  ~Extent();
  Extent(const Extent&) = delete;
  Extent& operator=(const Extent&) = delete;

  /// Bytes of the body, and bytes that they take on disk.
  int64_t body_bytes() const { return body_bytes_; }
  int64_t disk_bytes() const { return disk_bytes_; }
  const std::string& directory() const { return file_->directory; }

  /// Appends `buffers` to `file`, each followed by zeros up to a multiple of `alignment` bytes.
  /// Counts what is on disk in `disk_used`. On failure the file is as it was.
  static Result<std::shared_ptr<const Extent>> Write(
      const std::shared_ptr<SpillFile>& file,
      const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment,
      SpillOptions::Compression compression, std::shared_ptr<std::atomic<int64_t>> disk_used);
  /// Reads the body to `out`, which has room for body_bytes(). Fails with ErrorKind::kObjectLost
  /// when the bytes are not those that were written.
  Status Read(uint8_t* out) const;

 private:
  /// A compressed part of the body.
  struct Part {
    uint32_t body_bytes;
    uint32_t disk_bytes;
  };
  class Writer;

  explicit Extent(std::shared_ptr<SpillFile> file) : file_(std::move(file)), begin_(file_->end) {}
  Status ReadPlain(uint8_t* out, uint64_t* checksum) const;
  Status ReadCompressed(uint8_t* out, uint64_t* checksum) const;
  Status ReadAt(int64_t position, int64_t bytes, uint8_t* out) const;

  const std::shared_ptr<SpillFile> file_;
  const int64_t begin_;
  int64_t body_bytes_ = 0;
  int64_t disk_bytes_ = 0;
  uint64_t checksum_ = 0;    // XXH3 of what is on disk
  std::vector<Part> parts_;  // empty: not compressed
  std::shared_ptr<std::atomic<int64_t>> disk_used_;
};

/// Bytes of `buffers` in a body with `alignment`.
int64_t BodyBytes(const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment);

}  // namespace headrace::store
