// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace headrace::store {

/// Where and how a store writes what does not fit into its memory.
struct SpillOptions {
  enum class Compression : uint8_t { kNone, kLz4 };

  bool enabled = false;
  /// Each gets a directory headrace-spill-<uid>; they are used in turn. Without any, nothing is
  /// spilled.
  std::vector<std::string> directories;
  /// Bytes on disk at most, over all directories; < 0: 80 % of what is free when spilling begins.
  int64_t quota_bytes = -1;
  Compression compression = Compression::kNone;
  /// A file that has reached this size gets no more extents.
  int64_t file_bytes = int64_t{1} << 30;
};

}  // namespace headrace::store
