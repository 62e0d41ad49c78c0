// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/overflow_file.h"

#include <cerrno>
#include <cstring>
#include <vector>

namespace headrace::datasource {
namespace {

constexpr size_t kCopyBytes = 1 << 20;

Status TemporaryFileError(const char* what) {
  return Status::IOError(what, " a file in the temporary folder (", P_tmpdir,
                         ") failed: ", std::strerror(errno));
}

}  // namespace

Status OverflowFile::WriteToDisk(const void* data, size_t bytes) {
  if (std::fwrite(data, 1, bytes, file_.get()) != bytes) return TemporaryFileError("writing");
  return Status::OK();
}

Status OverflowFile::Append(const void* data, int64_t bytes) {
  const auto size = static_cast<size_t>(bytes);
  if (file_ == nullptr) {
    if (static_cast<int64_t>(memory_.size()) + bytes <= memory_bytes_) {
      memory_.append(static_cast<const char*>(data), size);
      return Status::OK();
    }
    file_.reset(std::tmpfile());
    if (file_ == nullptr) return TemporaryFileError("making");
    ARROW_RETURN_NOT_OK(WriteToDisk(memory_.data(), memory_.size()));
    memory_ = std::string();
  }
  return WriteToDisk(data, size);
}

Status OverflowFile::CopyTo(arrow::io::OutputStream* out) {
  if (file_ == nullptr) return out->Write(memory_);
  std::rewind(file_.get());
  std::vector<char> piece(kCopyBytes);
  while (const size_t read = std::fread(piece.data(), 1, piece.size(), file_.get())) {
    ARROW_RETURN_NOT_OK(out->Write(piece.data(), static_cast<int64_t>(read)));
  }
  return std::ferror(file_.get()) != 0 ? TemporaryFileError("reading") : Status::OK();
}

}  // namespace headrace::datasource
