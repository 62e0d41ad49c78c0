// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/bounded_file.h"

#include <algorithm>

namespace headrace::datasource {
namespace {

class BoundedFile final : public arrow::io::RandomAccessFile {
 public:
  BoundedFile(std::shared_ptr<arrow::io::RandomAccessFile> file, int64_t size)
      : file_(std::move(file)), size_(size) {}

  Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }
  Result<int64_t> Tell() const override { return file_->Tell(); }
  Status Seek(int64_t position) override { return file_->Seek(position); }
  Result<int64_t> GetSize() override { return size_; }
  bool supports_zero_copy() const override { return file_->supports_zero_copy(); }

  Result<int64_t> Read(int64_t bytes, void* out) override { return file_->Read(bytes, out); }
  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t bytes) override {
    ARROW_ASSIGN_OR_RAISE(const int64_t position, file_->Tell());
    return file_->Read(Bounded(position, bytes));
  }
  Result<int64_t> ReadAt(int64_t position, int64_t bytes, void* out) override {
    ARROW_RETURN_NOT_OK(Check(position));
    return file_->ReadAt(position, bytes, out);
  }
  Result<std::shared_ptr<arrow::Buffer>> ReadAt(int64_t position, int64_t bytes) override {
    ARROW_RETURN_NOT_OK(Check(position));
    return file_->ReadAt(position, Bounded(position, bytes));
  }

 private:
  int64_t Bounded(int64_t position, int64_t bytes) const {
    return std::min(bytes, std::max<int64_t>(0, size_ - position));
  }
  Status Check(int64_t position) const {
    if (position >= 0 && position <= size_) return Status::OK();
    return Status::Invalid("the file is damaged: it refers to byte ", position, " of ", size_);
  }

  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  const int64_t size_;
};

}  // namespace

Result<std::shared_ptr<arrow::io::RandomAccessFile>> BoundReads(
    std::shared_ptr<arrow::io::RandomAccessFile> file) {
  ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
  return std::make_shared<BoundedFile>(std::move(file), size);
}

}  // namespace headrace::datasource
