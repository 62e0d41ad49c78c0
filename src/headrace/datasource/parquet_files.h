// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/type.h>
#include <parquet/metadata.h>

#include <atomic>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::datasource {

/// Footer of one file.
struct ParquetFooter {
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::shared_ptr<arrow::Schema> schema;  // as Arrow reads it, without metadata
  /// Leaf columns [first, second) of each top-level field.
  std::vector<std::pair<int, int>> leaves;

  /// About how much memory it takes.
  int64_t size_bytes() const;
};

/// Fails when what the footer says of a top-level field's column chunks cannot be true: how many
/// values they have, which is what readers allocate memory for, and how many bytes.
Status CheckColumnChunks(const ParquetFooter& footer, int row_group, int field);

/// Runs `fn`, which calls parquet-cpp; its exceptions become an IOError. Errors start with `where`.
Status CallParquet(const std::string& where, const std::function<Status()>& fn);

/// The files of a Parquet read with their latest footers, shared by all sources that pushdown made
/// from one another. Thread-safe.
class ParquetFiles {
 public:
  explicit ParquetFiles(std::vector<std::string> paths, io::FileAccess access = {})
      : paths_(std::move(paths)), access_(std::move(access)) {
    footers_.resize(paths_.size());
  }

  int num_files() const { return static_cast<int>(paths_.size()); }
  const std::string& path(int file) const { return paths_[file]; }

  /// Opens a local file as a memory map (pages are then decoded where they lie), others as they
  /// are. A local file of up to kReadAtOnceBytes is read at once: mapping it, advising the system
  /// and unmapping it take 20 us, as long as reading that much. `cancelled`: see io::Locate.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> Open(
      int file, const std::atomic<bool>* cancelled = nullptr) const;
  /// Opens the file for reading by way of buffers: what was read is not held by a map.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenUnmapped(
      int file, const std::atomic<bool>* cancelled = nullptr) const;
  static constexpr int64_t kReadAtOnceBytes = 256 << 10;
  bool is_local(int file) const { return access_.LocalPath(paths_[file]).has_value(); }

  /// The footer, from the cache or read. Two threads that ask for the same one may both read it.
  Result<std::shared_ptr<const ParquetFooter>> Footer(int file) const;

  /// Calls `visit` with all footers, in file order. Those that are missing are read by a few
  /// threads, a few ahead: never are all of them in memory that the cache does not hold.
  Status ForEachFooter(
      const std::function<Status(int file, const ParquetFooter& footer)>& visit) const;

  /// The cache keeps the footers used last, up to this.
  static constexpr int64_t kCacheBytes = 16 << 20;

 private:
  using Footers = std::vector<std::shared_ptr<const ParquetFooter>>;
  Result<std::shared_ptr<const ParquetFooter>> ReadFooter(int file) const;
  /// The footers [begin, end), read by a few threads.
  Result<Footers> ReadFooters(int begin, int end) const;
  void Keep(int file, const std::shared_ptr<const ParquetFooter>& footer) const;
  /// The schema of another file when `metadata` describes the same one, else nullptr.
  std::shared_ptr<arrow::Schema> KnownSchema(const parquet::FileMetaData& metadata) const;

  const std::vector<std::string> paths_;
  const io::FileAccess access_;
  mutable std::mutex mutex_;
  mutable Footers footers_ HR_GUARDED_BY(mutex_);       // by file; nullptr: not in the cache
  mutable std::deque<int> kept_ HR_GUARDED_BY(mutex_);  // files, oldest first
  mutable int64_t kept_bytes_ HR_GUARDED_BY(mutex_) = 0;
  mutable std::shared_ptr<const ParquetFooter> latest_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::datasource
