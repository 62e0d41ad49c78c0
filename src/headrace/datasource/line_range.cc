// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/line_range.h"

#include <arrow/buffer.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace headrace::datasource {
namespace {

class LineRangeStream final : public arrow::io::InputStream {
 public:
  LineRangeStream(std::shared_ptr<arrow::io::RandomAccessFile> file, const ByteRange& range)
      : file_(std::move(file)), position_(range.begin), end_(range.end) {
    set_mode(arrow::io::FileMode::READ);
  }

  /// Goes from the begin of the range to that of the first line in it.
  Status SkipLineBefore() {
    if (position_ == 0) return Status::OK();
    std::array<char, 4096> bytes;
    int64_t at = position_ - 1;  // a line may begin right at the begin of the range
    while (true) {
      ARROW_ASSIGN_OR_RAISE(const int64_t size, file_->ReadAt(at, bytes.size(), bytes.data()));
      const size_t feed = std::string_view(bytes.data(), static_cast<size_t>(size)).find('\n');
      at += feed == std::string_view::npos ? size : static_cast<int64_t>(feed) + 1;
      if (size == 0 || feed != std::string_view::npos) break;
    }
    position_ = at;
    ended_ = position_ >= end_;
    return Status::OK();
  }

  Result<int64_t> Read(int64_t wanted, void* out) override {
    if (ended_) return 0;
    ARROW_ASSIGN_OR_RAISE(int64_t size, file_->ReadAt(position_, wanted, out));
    // The last line is the one that the last byte of the range belongs to.
    const int64_t last = std::max<int64_t>(0, end_ - 1 - position_);
    if (last < size) {
      const std::string_view bytes(static_cast<const char*>(out), static_cast<size_t>(size));
      const size_t feed = bytes.find('\n', static_cast<size_t>(last));
      ended_ = feed != std::string_view::npos;
      if (ended_) size = static_cast<int64_t>(feed) + 1;
    }
    position_ += size;
    return size;
  }

  Result<std::shared_ptr<arrow::Buffer>> Read(int64_t wanted) override {
    ARROW_ASSIGN_OR_RAISE(auto buffer, arrow::AllocateResizableBuffer(wanted));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, Read(wanted, buffer->mutable_data()));
    ARROW_RETURN_NOT_OK(buffer->Resize(size));
    return std::shared_ptr<arrow::Buffer>(std::move(buffer));
  }

  Result<int64_t> Tell() const override { return position_; }
  Status Close() override { return file_->Close(); }
  bool closed() const override { return file_->closed(); }

 private:
  const std::shared_ptr<arrow::io::RandomAccessFile> file_;
  int64_t position_;
  const int64_t end_;
  bool ended_ = false;
};

}  // namespace

Result<std::shared_ptr<arrow::io::InputStream>> OpenLineRange(
    std::shared_ptr<arrow::io::RandomAccessFile> file, const ByteRange& range) {
  auto stream = std::make_shared<LineRangeStream>(std::move(file), range);
  ARROW_RETURN_NOT_OK(stream->SkipLineBefore());
  return stream;
}

}  // namespace headrace::datasource
