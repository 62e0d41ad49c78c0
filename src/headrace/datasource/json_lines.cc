// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/json_lines.h"

#include <algorithm>
#include <utility>

namespace headrace::datasource {
namespace {

constexpr std::string_view kSpace = " \t\r\n";
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr int64_t kReadBytes = 1 << 20;

bool IsBlank(std::string_view text) {
  return text.find_first_not_of(kSpace) == std::string_view::npos;
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
  if (!split_) return NextLines(bytes);
  while (!ended_ && splitter_.complete_bytes() < bytes) {
    ARROW_ASSIGN_OR_RAISE(const auto piece, stream_->Read(std::min(bytes, kReadBytes)));
    ended_ = piece->size() == 0;
    ARROW_RETURN_NOT_OK(ended_ ? splitter_.Finish() : splitter_.Feed(std::string_view(*piece)));
  }
  if (splitter_.complete_bytes() == 0) return nullptr;
  return arrow::Buffer::FromString(splitter_.TakeComplete());
}

Result<std::shared_ptr<arrow::Buffer>> JsonChunker::NextLines(int64_t bytes) {
  while (!ended_) {
    std::string text = std::exchange(rest_, {});
    size_t last_line_end = std::string::npos;
    while (!ended_ &&
           (static_cast<int64_t>(text.size()) < bytes || last_line_end == std::string::npos)) {
      ARROW_ASSIGN_OR_RAISE(const auto piece, stream_->Read(std::min(bytes, kReadBytes)));
      ended_ = piece->size() == 0;
      const std::string_view view(*piece);
      const size_t line_end = view.rfind('\n');
      if (line_end != std::string_view::npos) last_line_end = text.size() + line_end;
      text.append(view);
    }
    if (!ended_) {
      rest_ = text.substr(last_line_end + 1);
      text.resize(last_line_end + 1);
    }
    if (!IsBlank(text)) return arrow::Buffer::FromString(std::move(text));
  }
  return nullptr;
}

}  // namespace headrace::datasource
