// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/datasource/file_commit.h"

namespace headrace::datasource {

/// What all file sinks have in common; a format adds its writers.
class FileDatasink : public Datasink {
 public:
  explicit FileDatasink(FileWriteOptions options) : destination_(std::move(options)) {}

  Result<bool> Prepare() const final { return destination_.Prepare(); }
  Status Commit(const std::vector<std::string>& finished) const final {
    return destination_.Commit(finished);
  }
  void Abort(const std::vector<std::string>& finished) const final { destination_.Abort(finished); }
  void RemoveLeftovers(const std::string& write_id) const final {
    destination_.RemoveLeftovers(write_id);
  }
  int64_t min_rows_per_task() const final { return options().min_rows_per_file; }

 protected:
  const FileWriteOptions& options() const { return destination_.options(); }

 private:
  WriteDestination destination_;
};

/// One output file being written.
class FileEncoder {
 public:
  virtual ~FileEncoder() = default;
  virtual Status Write(const Block& block) = 0;
  /// Bytes that wait in memory until there are more.
  virtual int64_t held_bytes() const { return 0; }
  /// Writes them now.
  virtual Status Flush() { return Status::OK(); }
  /// Writes what is left (footer, buffers). The stream is closed by the caller.
  virtual Status Finish() = 0;
};

/// Makes the encoder of a file whose first rows are `first`.
using MakeEncoder = std::function<Result<std::unique_ptr<FileEncoder>>(
    std::shared_ptr<arrow::io::OutputStream> stream, const Block& first)>;

/// Writes blocks to one file after the other: a new one after max_rows_per_file rows and one
/// per directory of `subdir`. No rows make no file.
class FileSequence {
 public:
  /// `files` outlives the sequence.
  FileSequence(StagedFiles* files, std::string subdir, int64_t max_rows_per_file,
               MakeEncoder make_encoder);
  Status Write(const Block& block);
  Status Finish();
  int64_t held_bytes() const { return encoder_ == nullptr ? 0 : encoder_->held_bytes(); }
  Status Flush() { return encoder_ == nullptr ? Status::OK() : encoder_->Flush(); }

 private:
  Status CloseFile();

  StagedFiles* files_;
  const std::string subdir_;
  const int64_t max_rows_;
  const MakeEncoder make_encoder_;
  std::shared_ptr<arrow::io::OutputStream> stream_;
  std::unique_ptr<FileEncoder> encoder_;
  int64_t rows_in_file_ = 0;
};

/// A writer that puts the blocks of a task into one FileSequence.
Result<std::unique_ptr<BlockWriter>> MakeFileWriter(const FileWriteOptions& options,
                                                    const WriteTaskInfo& info,
                                                    std::string extension,
                                                    MakeEncoder make_encoder);

}  // namespace headrace::datasource
