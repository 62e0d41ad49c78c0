// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/retrying_filesystem.h"

#include <arrow/util/future.h>

#include <algorithm>
#include <utility>

#include "headrace/io/retrying_file.h"

namespace headrace::io {
namespace {

using arrow::fs::FileInfo;
using arrow::fs::FileInfoVector;
using arrow::fs::FileType;

/// One listing, begun again where it broke. Filesystems that list page by page do so in the order
/// of names; where one does not, a listing that breaks after its first page fails.
class ResumedListing {
 public:
  ResumedListing(std::shared_ptr<arrow::fs::FileSystem> filesystem, arrow::fs::FileSelector select,
                 RetryPolicy policy, const std::atomic<bool>* cancelled)
      : filesystem_(std::move(filesystem)),
        select_(std::move(select)),
        policy_(std::move(policy)),
        cancelled_(cancelled) {}

  Result<FileInfoVector> Next() {
    while (true) {
      Status out_of_order;
      auto page = WithRetries(policy_, cancelled_, [&]() -> Result<FileInfoVector> {
        if (!out_of_order.ok()) return FileInfoVector();
        if (!pages_) pages_ = filesystem_->GetFileInfoGenerator(select_);
        const auto answer = pages_();
        Result<FileInfoVector> next = answer.result();
        if (next.ok()) return next;
        pages_ = nullptr;
        repeats_ = !last_.empty();
        if (!ascends_) out_of_order = next.status();
        return next;
      });
      ARROW_RETURN_NOT_OK(out_of_order);
      ARROW_RETURN_NOT_OK(page.status());
      if (page->empty()) return page;
      DropRepeated(&*page);
      if (!page->empty()) return page;
    }
  }

 private:
  /// Leaves the files (directories too) that come after the last file that was given out.
  void DropRepeated(FileInfoVector* page) {
    if (repeats_) {
      std::erase_if(*page, [&](const FileInfo& info) { return info.path() <= last_; });
    }
    for (const FileInfo& info : *page) {
      if (!info.IsFile()) continue;
      ascends_ &= last_ < info.path();
      last_ = info.path();
    }
  }

  const std::shared_ptr<arrow::fs::FileSystem> filesystem_;
  const arrow::fs::FileSelector select_;
  const RetryPolicy policy_;
  const std::atomic<bool>* const cancelled_;
  arrow::fs::FileInfoGenerator pages_;
  std::string last_;  // file that was given out
  bool ascends_ = true;
  bool repeats_ = false;
};

}  // namespace

RetryingFilesystem::RetryingFilesystem(std::shared_ptr<arrow::fs::FileSystem> inner,
                                       RetryPolicy policy, const std::atomic<bool>* cancelled)
    : FileSystem(inner->io_context()),
      inner_(std::move(inner)),
      policy_(std::move(policy)),
      cancelled_(cancelled) {}

Result<FileInfo> RetryingFilesystem::GetFileInfo(const std::string& path) {
  return Try([&] { return inner_->GetFileInfo(path); });
}

Result<FileInfoVector> RetryingFilesystem::GetFileInfo(const arrow::fs::FileSelector& select) {
  return Try([&] { return inner_->GetFileInfo(select); });
}

arrow::fs::FileInfoGenerator RetryingFilesystem::GetFileInfoGenerator(
    const arrow::fs::FileSelector& select) {
  auto listing = std::make_shared<ResumedListing>(inner_, select, policy_, cancelled_);
  return [listing] { return arrow::Future<FileInfoVector>::MakeFinished(listing->Next()); };
}

Status RetryingFilesystem::CreateDir(const std::string& path, bool recursive) {
  return Try([&] { return inner_->CreateDir(path, recursive); });
}

Status RetryingFilesystem::DeleteDir(const std::string& path) {
  return Try([&] { return inner_->DeleteDir(path); });
}

Status RetryingFilesystem::DeleteDirContents(const std::string& path, bool missing_dir_ok) {
  return Try([&] { return inner_->DeleteDirContents(path, missing_dir_ok); });
}

Status RetryingFilesystem::DeleteRootDirContents() {
  return Try([&] { return inner_->DeleteRootDirContents(); });
}

Result<bool> RetryingFilesystem::Exists(const std::string& path) {
  ARROW_ASSIGN_OR_RAISE(const FileInfo info, inner_->GetFileInfo(path));
  return info.type() != FileType::NotFound;
}

Status RetryingFilesystem::DeleteFile(const std::string& path) {
  bool repeats = false;
  return Try([&]() -> Status {
    // A request whose answer was lost may have done its work.
    if (std::exchange(repeats, true)) {
      ARROW_ASSIGN_OR_RAISE(const bool exists, Exists(path));
      if (!exists) return Status::OK();
    }
    return inner_->DeleteFile(path);
  });
}

Status RetryingFilesystem::Move(const std::string& src, const std::string& dest) {
  bool repeats = false;
  return Try([&]() -> Status {
    if (std::exchange(repeats, true)) {
      ARROW_ASSIGN_OR_RAISE(const bool source_exists, Exists(src));
      if (!source_exists) {
        ARROW_ASSIGN_OR_RAISE(const bool moved, Exists(dest));
        if (moved) return Status::OK();
      }
    }
    return inner_->Move(src, dest);
  });
}

Status RetryingFilesystem::CopyFile(const std::string& src, const std::string& dest) {
  return Try([&] { return inner_->CopyFile(src, dest); });
}

Result<std::shared_ptr<arrow::io::InputStream>> RetryingFilesystem::OpenInputStream(
    const std::string& path) {
  return Try([&] { return inner_->OpenInputStream(path); });
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> RetryingFilesystem::OpenInputFile(
    const std::string& path) {
  return RetryingFile::Open(path, inner_, policy_, cancelled_);
}

Result<std::shared_ptr<arrow::io::OutputStream>> RetryingFilesystem::OpenOutputStream(
    const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) {
  return Try([&] { return inner_->OpenOutputStream(path, metadata); });
}

Result<std::shared_ptr<arrow::io::OutputStream>> RetryingFilesystem::OpenAppendStream(
    const std::string& path, const std::shared_ptr<const arrow::KeyValueMetadata>& metadata) {
  return Try([&] { return inner_->OpenAppendStream(path, metadata); });
}

}  // namespace headrace::io
