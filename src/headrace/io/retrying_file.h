// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>
#include <arrow/io/interfaces.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>

#include "headrace/base/lock_annotations.h"
#include "headrace/io/retry.h"

namespace headrace::io {

/// A file that is opened again, and read on from where it was, when reading fails in a way that
/// passes. Reading gives as many bytes as there are, or fails. ReadAt: any thread.
class RetryingFile final : public arrow::io::RandomAccessFile {
 public:
  static Result<std::shared_ptr<arrow::io::RandomAccessFile>> Open(
      const std::string& path, std::shared_ptr<arrow::fs::FileSystem> filesystem,
      const RetryPolicy& policy, const std::atomic<bool>* cancelled);

  using RandomAccessFile::ReadAt;
  Result<int64_t> GetSize() override { return size_; }
  Result<int64_t> ReadAt(int64_t position, int64_t nbytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t nbytes) override;
  Result<int64_t> Read(int64_t nbytes, void* out) override;
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t nbytes) override;
  Status Seek(int64_t position) override;
  Result<int64_t> Tell() const override { return position_; }
  Status Close() override;
  bool closed() const override { return closed_; }

 private:
  using File = std::shared_ptr<arrow::io::RandomAccessFile>;
  RetryingFile(std::string path, std::shared_ptr<arrow::fs::FileSystem> filesystem,
               RetryPolicy policy, const std::atomic<bool>* cancelled);
  /// The open file; opens it if there is none.
  Result<File> Opened();
  /// The file has failed: the next request opens it anew, unless another thread did so.
  void Drop(const File& file);
  int64_t BytesAt(int64_t position, int64_t nbytes) const;

  const std::string path_;
  const std::shared_ptr<arrow::fs::FileSystem> filesystem_;
  const RetryPolicy policy_;
  const std::atomic<bool>* const cancelled_;
  int64_t size_ = 0;
  int64_t position_ = 0;
  bool closed_ = false;
  std::mutex mutex_;
  File file_ HR_GUARDED_BY(mutex_);
};

}  // namespace headrace::io
