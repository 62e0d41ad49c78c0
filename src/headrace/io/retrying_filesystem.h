// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <atomic>
#include <memory>
#include <string>

#include "headrace/io/retry.h"

namespace headrace::io {

/// Another filesystem whose requests are made again when they fail in a way that passes
/// (RetryPolicy). Files that it opens for reading do the same at the offset that they have reached,
/// and take no answer for whole that is shorter than what was asked for. What is written to a file
/// is not sent again here, because it is gone: that is left to the filesystem, which still has the
/// part that it sends. Thread-safe, as files for ReadAt.
class RetryingFilesystem final : public arrow::fs::FileSystem {
 public:
  /// `cancelled` (nullptr: nobody) ends waiting; it outlives the filesystem and its files.
  RetryingFilesystem(std::shared_ptr<arrow::fs::FileSystem> inner, RetryPolicy policy,
                     const std::atomic<bool>* cancelled);

  std::string type_name() const override { return inner_->type_name(); }
  bool Equals(const arrow::fs::FileSystem& other) const override { return this == &other; }
  using FileSystem::CreateDir;
  using FileSystem::DeleteDirContents;
  using FileSystem::Equals;
  using FileSystem::GetFileInfo;
  using FileSystem::OpenAppendStream;
  using FileSystem::OpenInputFile;
  using FileSystem::OpenInputStream;
  using FileSystem::OpenOutputStream;

  Result<arrow::fs::FileInfo> GetFileInfo(const std::string& path) override;
  Result<arrow::fs::FileInfoVector> GetFileInfo(const arrow::fs::FileSelector& select) override;
  /// Pages as the other filesystem gives them. Each waits for its answer, a listing that breaks is
  /// begun again and what was given out already is left out.
  arrow::fs::FileInfoGenerator GetFileInfoGenerator(const arrow::fs::FileSelector& select) override;
  Status CreateDir(const std::string& path, bool recursive) override;
  Status DeleteDir(const std::string& path) override;
  Status DeleteDirContents(const std::string& path, bool missing_dir_ok) override;
  Status DeleteRootDirContents() override;
  Status DeleteFile(const std::string& path) override;
  Status Move(const std::string& src, const std::string& dest) override;
  Status CopyFile(const std::string& src, const std::string& dest) override;
  Result<std::shared_ptr<arrow::io::InputStream>> OpenInputStream(const std::string& path) override;
  Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenInputFile(
      const std::string& path) override;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenOutputStream(
      const std::string& path,
      const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) override;
  Result<std::shared_ptr<arrow::io::OutputStream>> OpenAppendStream(
      const std::string& path,
      const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) override;

 private:
  template <typename Request>
  auto Try(Request&& request) {
    return WithRetries(policy_, cancelled_, std::forward<Request>(request));
  }
  Result<bool> Exists(const std::string& path);

  const std::shared_ptr<arrow::fs::FileSystem> inner_;
  const RetryPolicy policy_;
  const std::atomic<bool>* const cancelled_;
};

}  // namespace headrace::io
