// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_lines.h"

#include <arrow/util/utf8.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "headrace/datasource/json_parser.h"
#include "headrace/datasource/row_limit.h"

namespace headrace::datasource {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int64_t kReadBytes = 1 << 20;
// Of an object, in a message.
constexpr size_t kQuotedBytes = 80;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
}

std::string ObjectAt(int64_t byte) {
  return "the JSON object that starts at byte " + std::to_string(byte);
}

/// The parsers take any bytes for text, which nobody could use.
Status CheckUtf8(std::string_view lines) {
  if (arrow::util::ValidateUTF8(lines)) return Status::OK();
  while (arrow::util::ValidateUTF8(lines.substr(0, lines.find('\n')))) {
    lines.remove_prefix(lines.find('\n') + 1);
  }
  const std::string_view line = lines.substr(0, lines.find('\n'));
  return Status::Invalid("the JSON object is no UTF-8 text: ", line.substr(0, kQuotedBytes),
                         line.size() > kQuotedBytes ? "..." : "");
}

/// The first `size` bytes of `text`, with clean padding behind them.
Result<std::shared_ptr<arrow::Buffer>> Padded(std::unique_ptr<arrow::ResizableBuffer> text,
                                              int64_t size) {
  std::memset(text->mutable_data() + size, 0, kJsonPadding);
  ARROW_RETURN_NOT_OK(text->Resize(size, /*shrink_to_fit=*/false));
  return text;
}

}  // namespace

std::string JsonObjectSplitter::TakeComplete() {
  std::string lines = out_.substr(0, complete_);
  out_.erase(0, std::exchange(complete_, 0));
  return lines;
}

size_t JsonObjectSplitter::CopyObject(std::string_view text, size_t begin) {
  size_t from = begin;  // not yet copied
  for (size_t i = begin; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (c == '\\') {
        escaped_ = true;
      } else if (c == '"') {
        in_string_ = false;
      }
      continue;
    }
    if (c == '"') {
      in_string_ = true;
    } else if (c == '{' || c == '[') {
      ++depth_;
    } else if (c == '\n' || c == '\r') {  // between tokens, means nothing
      out_.append(text.substr(from, i - from));
      from = i + 1;
    } else if ((c == '}' || c == ']') && --depth_ == 0) {
      out_.append(text.substr(from, i + 1 - from));
      out_.push_back('\n');
      complete_ = out_.size();
      at_ = At::kBetween;
      wants_comma_or_end_ = true;
      return i + 1;
    }
  }
  out_.append(text.substr(from));
  return text.size();
}

Status JsonObjectSplitter::Feed(std::string_view text) {
  size_t i = 0;
  if (position_ == 0 && text.starts_with(kByteOrderMark)) i = kByteOrderMark.size();
  while (i < text.size()) {
    if (at_ == At::kInObject) {
      i = CopyObject(text, i);
      continue;
    }
    i = text.find_first_not_of(kSpace, i);
    if (i == std::string_view::npos) break;
    const int64_t where = position_ + static_cast<int64_t>(i);
    if (at_ == At::kAfterArray) {
      return Status::Invalid("JSON text goes on after its array, at byte ", where);
    }
    if (at_ == At::kStart && text[i] == '[') {
      is_array_ = true;
      at_ = At::kBetween;
      ++i;
    } else if (is_array_ && text[i] == ']') {
      at_ = At::kAfterArray;
      ++i;
    } else if (is_array_ && text[i] == ',' && wants_comma_or_end_) {
      wants_comma_or_end_ = false;
      ++i;
    } else if (text[i] == '{') {
      at_ = At::kInObject;
      object_begin_ = where;
    } else {
      return Status::Invalid("expected a JSON object at byte ", where, ", found '", text[i], "'");
    }
  }
  position_ += static_cast<int64_t>(text.size());
  return Status::OK();
}

Status JsonObjectSplitter::Finish() const {
  if (at_ == At::kInObject) {
    return Status::Invalid("JSON object that starts at byte ", object_begin_, " does not end");
  }
  if (is_array_ && at_ != At::kAfterArray) return Status::Invalid("JSON array does not end");
  return Status::OK();
}

Result<std::shared_ptr<arrow::Buffer>> JsonChunker::Next(int64_t bytes) {
  ARROW_ASSIGN_OR_RAISE(auto text, split_ ? NextObjects(bytes) : NextLines(bytes));
  if (text != nullptr) ARROW_RETURN_NOT_OK(CheckUtf8(std::string_view(*text)));
  return text;
}

Result<std::shared_ptr<arrow::Buffer>> JsonChunker::NextObjects(int64_t bytes) {
  while (!ended_ && splitter_.complete_bytes() < bytes) {
    ARROW_ASSIGN_OR_RAISE(const auto piece, stream_->Read(std::min(bytes, kReadBytes)));
    ended_ = piece->size() == 0;
    ARROW_RETURN_NOT_OK(ended_ ? splitter_.Finish() : splitter_.Feed(std::string_view(*piece)));
    if (splitter_.open_bytes() > max_row_bytes_) {
      return RowTooLong(ObjectAt(splitter_.object_begin()), max_row_bytes_);
    }
  }
  if (splitter_.complete_bytes() == 0) return nullptr;
  const std::string lines = splitter_.TakeComplete();
  const auto size = static_cast<int64_t>(lines.size());
  ARROW_ASSIGN_OR_RAISE(auto text, arrow::AllocateResizableBuffer(size + kJsonPadding, pool_));
  std::memcpy(text->mutable_data(), lines.data(), lines.size());
  return Padded(std::move(text), size);
}

Result<std::unique_ptr<arrow::ResizableBuffer>> JsonChunker::AllocateText(int64_t bytes) {
  if (auto* const file = dynamic_cast<arrow::io::RandomAccessFile*>(stream_.get())) {
    ARROW_ASSIGN_OR_RAISE(const int64_t file_bytes, file->GetSize());
    ARROW_ASSIGN_OR_RAISE(const int64_t position, file->Tell());
    bytes = std::min(bytes, file_bytes - position + 1);  // and one to see that it ends there
  }
  const auto rest = static_cast<int64_t>(rest_.size());
  return arrow::AllocateResizableBuffer(rest + std::max<int64_t>(1, bytes) + kJsonPadding, pool_);
}

Result<std::shared_ptr<arrow::Buffer>> JsonChunker::NextLines(int64_t bytes) {
  while (!ended_) {
    ARROW_ASSIGN_OR_RAISE(auto text, AllocateText(bytes));
    auto size = static_cast<int64_t>(rest_.size());
    std::memcpy(text->mutable_data(), rest_.data(), rest_.size());
    int64_t lines = 0;  // bytes up to the last line end
    while (!ended_ && (size < bytes || lines == 0)) {
      if (size + kJsonPadding >= text->size()) {
        ARROW_RETURN_NOT_OK(text->Resize(2 * size + kJsonPadding));
      }
      char* const piece = text->mutable_data_as<char>() + size;
      const int64_t room = std::min(text->size() - kJsonPadding - size, kReadBytes);
      ARROW_ASSIGN_OR_RAISE(const int64_t read, stream_->Read(room, piece));
      ended_ = read == 0;
      const size_t line_end = std::string_view(piece, static_cast<size_t>(read)).rfind('\n');
      if (line_end != std::string_view::npos) lines = size + static_cast<int64_t>(line_end) + 1;
      size += read;
      if (lines == 0 && size > max_row_bytes_ && !ended_) {
        return RowTooLong(ObjectAt(lines_begin_), max_row_bytes_);
      }
    }
    if (ended_) lines = size;  // the last line may lack its end
    rest_.assign(text->data_as<char>() + lines, static_cast<size_t>(size - lines));
    lines_begin_ += lines;
    if (!IsBlank({text->data_as<char>(), static_cast<size_t>(lines)})) {
      return Padded(std::move(text), lines);
    }
  }
  return nullptr;
}

}  // namespace headrace::datasource
