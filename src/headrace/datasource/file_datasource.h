// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/files_source.h"
#include "headrace/datasource/line_range.h"

namespace headrace::datasource {

/// A source of files that are read one by one from front to back: text formats and the like. Small
/// files are packed into one task; large ones whose lines stand alone are cut into ranges of bytes.
/// Partition columns and "path" are added here. Errors start with the file's path; up to
/// ReadOptions::max_errored_files files of a task may fail and are left out, with a warning in the
/// log. Owned by a shared_ptr: its readers keep it. Formats derive from FileFormat.
class FileDatasource : public Datasource,
                       public FilesSource,
                       public std::enable_shared_from_this<FileDatasource> {
 public:
  std::vector<std::string> InputFiles() const final { return files().paths; }
  Result<std::optional<int64_t>> CountRows() const final;
  Result<std::optional<int64_t>> EstimateBytes() const final;
  /// What the header of the first file says; else the schema of the first block that has rows, or
  /// of the first one; nullptr when there is none.
  Result<std::shared_ptr<arrow::Schema>> Schema() const override;
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const final;
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task,
                                            const ReadOptions& options) const final;

  /// Reads one file; the reader may borrow from this source, which outlives it.
  virtual Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                        const ReadOptions& options) const = 0;
  /// Whether `path` should be read by OpenRange when it is larger than a task: any line end has to
  /// be the end of a row.
  virtual bool CanCut(const std::string& path, int64_t file_bytes,
                      const ReadParallelism& parallelism) const {
    return false;
  }
  /// Reads the rows whose lines begin in `range` of a file that can be cut.
  virtual Result<std::unique_ptr<BlockReader>> OpenRange(const std::string& path,
                                                         const ByteRange& range,
                                                         const ReadOptions& options) const;
  /// Rows of all its files, when that can be told without reading data.
  virtual Result<std::optional<int64_t>> CountFileRows() const { return std::nullopt; }
  /// Schema of the rows of a file, when its header tells; nullptr: known only by reading rows.
  virtual Result<std::shared_ptr<arrow::Schema>> HeaderSchema(const std::string& path) const {
    return nullptr;
  }
  /// Bytes in memory per byte on disk, for planning.
  virtual double expansion() const { return 1; }
  /// Most memory that reading a file of `file_bytes` takes at a time, the block that is being made
  /// included.
  virtual int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism& parallelism) const = 0;
  /// `path` from front to back, decompressed by suffix.
  Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path,
                                                             const ReadOptions& options) const;
  /// `path` in any order, as it is stored.
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenRandomAccess(
      const std::string& path, const ReadOptions& options) const;

 private:
  int64_t DiskBytes(size_t file) const;
  int64_t SizeOf(size_t file) const;
  /// Files that are larger than a task are cut into pieces of that many bytes on disk.
  int64_t CutBytes(const ReadParallelism& parallelism) const;
  Result<std::shared_ptr<arrow::Schema>> SchemaOfHeader() const;
};

/// A FileDatasource that is told all by `Options`, with its files in `Options::files`.
template <typename Source, typename Options>
class FileFormat : public FileDatasource {
 public:
  explicit FileFormat(Options options) : options_(std::move(options)) {}
  const FileReadOptions& files() const final { return options_.files; }
  Result<DatasourcePtr> WithFiles(std::vector<io::ListedFile> files) const final {
    Options options = options_;
    options.files.SetFiles(std::move(files));
    return std::make_shared<Source>(std::move(options));
  }

 protected:
  const Options options_;
};

/// The whole content of `path`, as it is stored.
Result<std::shared_ptr<arrow::Buffer>> ReadWholeFile(const std::string& path,
                                                     const io::FileAccess& access,
                                                     const ReadOptions& options);

}  // namespace headrace::datasource
