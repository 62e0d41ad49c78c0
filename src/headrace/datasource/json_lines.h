// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// JSON objects as lines: an array of objects, or objects one after the other however they are laid
/// out (one per line, one over many lines), become one object per line. Only brackets and strings
/// are looked at; the parser that follows checks the rest.
class JsonObjectSplitter {
 public:
  /// Takes the next piece of the text, cut anywhere. Fails with Invalid, naming the byte, where
  /// something else than objects stands.
  Status Feed(std::string_view text);
  /// The text has ended. Fails with Invalid when a bracket is open.
  Status Finish() const;

  /// Bytes of the lines that are complete.
  int64_t complete_bytes() const { return static_cast<int64_t>(complete_); }
  /// Those lines; forgets them.
  std::string TakeComplete();
  /// Bytes of the object that has begun, and the byte of the text at which it did.
  int64_t open_bytes() const { return static_cast<int64_t>(out_.size() - complete_); }
  int64_t object_begin() const { return object_begin_; }

 private:
  enum class At : uint8_t { kStart, kBetween, kInObject, kAfterArray };

  /// Goes on in an object from `begin`; returns the position behind what belongs to it.
  size_t CopyObject(std::string_view text, size_t begin);

  At at_ = At::kStart;
  bool is_array_ = false;
  bool wants_comma_or_end_ = false;
  bool in_string_ = false;
  bool escaped_ = false;  // the character before was a backslash
  int depth_ = 0;
  int64_t position_ = 0;      // of the piece, in the whole text
  int64_t object_begin_ = 0;  // in the whole text
  std::string out_;           // complete lines, then the begin of one
  size_t complete_ = 0;
};

/// A JSON text in pieces of whole objects, one object per line. One thread.
class JsonChunker {
 public:
  /// `split`: the text may be laid out in any way; else it has one object per line already. No
  /// object may have more than `max_row_bytes`.
  JsonChunker(std::shared_ptr<arrow::io::InputStream> stream, bool split, int64_t max_row_bytes,
              arrow::MemoryPool* pool)
      : stream_(std::move(stream)), split_(split), max_row_bytes_(max_row_bytes), pool_(pool) {}

  /// Objects with about `bytes` of text, at least one, with kJsonPadding bytes behind them; nullptr
  /// at the end. Text of white space only is nothing. Fails with Invalid, quoting the object, where
  /// bytes are no UTF-8, and where an object is too long.
  Result<std::shared_ptr<arrow::Buffer>> Next(int64_t bytes);
  bool ended() const { return ended_; }

 private:
  Result<std::shared_ptr<arrow::Buffer>> NextObjects(int64_t bytes);
  Result<std::shared_ptr<arrow::Buffer>> NextLines(int64_t bytes);
  /// Memory for `bytes` of text, or for what is left of the file when that is less.
  Result<std::unique_ptr<arrow::ResizableBuffer>> AllocateText(int64_t bytes);

  std::shared_ptr<arrow::io::InputStream> stream_;
  const bool split_;
  const int64_t max_row_bytes_;
  arrow::MemoryPool* const pool_;
  JsonObjectSplitter splitter_;
  std::string rest_;         // the begin of a line
  int64_t lines_begin_ = 0;  // bytes of the text before it
  bool ended_ = false;
};

}  // namespace headrace::datasource
