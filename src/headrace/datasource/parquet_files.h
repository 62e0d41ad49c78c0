// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>
#include <arrow/type.h>
#include <parquet/metadata.h>

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"

namespace headrace::datasource {

/// Footer of one file, read once.
struct ParquetFooter {
  std::shared_ptr<parquet::FileMetaData> metadata;
  std::shared_ptr<arrow::Schema> schema;  // as Arrow reads it, without metadata
};

/// Runs `fn`, which calls parquet-cpp; its exceptions become an IOError. Errors start with `where`.
Status CallParquet(const std::string& where, const std::function<Status()>& fn);

/// The files of a Parquet read with their footers, shared by all sources that pushdown made from
/// one another. Thread-safe.
class ParquetFiles {
 public:
  explicit ParquetFiles(std::vector<std::string> paths) : paths_(std::move(paths)) {
    footers_.resize(paths_.size());
  }

  int num_files() const { return static_cast<int>(paths_.size()); }
  const std::string& path(int file) const { return paths_[file]; }

  /// Opens a local file as a memory map (pages are then decoded where they lie), others as they
  /// are.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> Open(int file) const;

  /// The footer, read on first use. Two threads that ask for the same one may both read it.
  Result<std::shared_ptr<const ParquetFooter>> Footer(int file) const;

  /// All footers, in file order. Those that are missing are read by a few threads.
  Result<std::vector<std::shared_ptr<const ParquetFooter>>> AllFooters() const;

 private:
  Result<std::shared_ptr<const ParquetFooter>> ReadFooter(int file) const;
  /// The schema of another file when `metadata` describes the same one, else nullptr.
  std::shared_ptr<arrow::Schema> KnownSchema(const parquet::FileMetaData& metadata) const;

  const std::vector<std::string> paths_;
  mutable std::mutex mutex_;
  mutable std::vector<std::shared_ptr<const ParquetFooter>> footers_ HR_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const ParquetFooter> latest_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::datasource
