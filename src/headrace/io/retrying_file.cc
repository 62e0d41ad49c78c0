// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/retrying_file.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <utility>

namespace headrace::io {

RetryingFile::RetryingFile(std::string path, std::shared_ptr<arrow::fs::FileSystem> filesystem,
                           RetryPolicy policy, const std::atomic<bool>* cancelled)
    : path_(std::move(path)),
      filesystem_(std::move(filesystem)),
      policy_(std::move(policy)),
      cancelled_(cancelled) {}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> RetryingFile::Open(
    const std::string& path, std::shared_ptr<arrow::fs::FileSystem> filesystem,
    const RetryPolicy& policy, const std::atomic<bool>* cancelled) {
  std::shared_ptr<RetryingFile> file(
      new RetryingFile(path, std::move(filesystem), policy, cancelled));
  ARROW_ASSIGN_OR_RAISE(file->size_, WithRetries(policy, cancelled, [&]() -> Result<int64_t> {
                          ARROW_ASSIGN_OR_RAISE(const File opened, file->Opened());
                          return opened->GetSize();
                        }));
  return file;
}

Result<RetryingFile::File> RetryingFile::Opened() {
  {
    const std::unique_lock lock(mutex_);
    if (file_ != nullptr) return file_;
  }
  // Without the lock: opening waits for the storage. Two threads may open it, one is used.
  ARROW_ASSIGN_OR_RAISE(auto opened, filesystem_->OpenInputFile(path_));
  const std::unique_lock lock(mutex_);
  if (file_ == nullptr) file_ = std::move(opened);
  return file_;
}

void RetryingFile::Drop(const File& file) {
  const std::unique_lock lock(mutex_);
  if (file_ == file) file_.reset();
}

int64_t RetryingFile::BytesAt(int64_t position, int64_t nbytes) const {
  return std::clamp<int64_t>(size_ - position, 0, std::max<int64_t>(0, nbytes));
}

Result<int64_t> RetryingFile::ReadAt(int64_t position, int64_t nbytes, void* out) {
  const int64_t wanted = BytesAt(position, nbytes);
  int64_t done = 0;
  while (done < wanted) {
    // Bytes that have come start the count of attempts anew.
    ARROW_ASSIGN_OR_RAISE(
        const int64_t came, WithRetries(policy_, cancelled_, [&]() -> Result<int64_t> {
          ARROW_ASSIGN_OR_RAISE(const File file, Opened());
          auto read =
              file->ReadAt(position + done, wanted - done, static_cast<uint8_t*>(out) + done);
          if (read.ok() && *read > 0) return read;
          Drop(file);
          if (!read.ok()) return read;
          return CutOff(path_, wanted - done, 0, position + done);
        }));
    done += came;
  }
  return done;
}

Result<std::shared_ptr<arrow::Buffer>> RetryingFile::ReadAt(int64_t position, int64_t nbytes) {
  const int64_t wanted = BytesAt(position, nbytes);
  return WithRetries(policy_, cancelled_, [&]() -> Result<std::shared_ptr<arrow::Buffer>> {
    ARROW_ASSIGN_OR_RAISE(const File file, Opened());
    auto read = file->ReadAt(position, wanted);
    if (read.ok() && (*read)->size() >= wanted) return arrow::SliceBuffer(*read, 0, wanted);
    Drop(file);
    if (!read.ok()) return read;
    return CutOff(path_, wanted, (*read)->size(), position);
  });
}

Result<int64_t> RetryingFile::Read(int64_t nbytes, void* out) {
  ARROW_ASSIGN_OR_RAISE(const int64_t read, ReadAt(position_, nbytes, out));
  position_ += read;
  return read;
}

Result<std::shared_ptr<arrow::Buffer>> RetryingFile::Read(int64_t nbytes) {
  ARROW_ASSIGN_OR_RAISE(auto read, ReadAt(position_, nbytes));
  position_ += read->size();
  return read;
}

Status RetryingFile::Seek(int64_t position) {
  if (position < 0) return Status::Invalid("Reading '", path_, "': offset ", position);
  position_ = position;
  return Status::OK();
}

Status RetryingFile::Close() {
  closed_ = true;
  const std::unique_lock lock(mutex_);
  const File file = std::exchange(file_, nullptr);
  return file == nullptr ? Status::OK() : file->Close();
}

}  // namespace headrace::io
