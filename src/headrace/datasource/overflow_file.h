// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// Bytes that wait until what has to stand before them is known: a few in memory, more of them in a
/// temporary file that has no name and is gone with the process. One thread.
class OverflowFile {
 public:
  /// Keeps at most `memory_bytes` in memory.
  explicit OverflowFile(int64_t memory_bytes) : memory_bytes_(memory_bytes) {}

  Status Append(const void* data, int64_t bytes);
  /// Writes all of it to `out`.
  Status CopyTo(arrow::io::OutputStream* out);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  Status WriteToDisk(const void* data, size_t bytes);

  const int64_t memory_bytes_;
  std::string memory_;
  std::unique_ptr<std::FILE, Close> file_;  // nullptr: all is in memory
};

}  // namespace headrace::datasource
