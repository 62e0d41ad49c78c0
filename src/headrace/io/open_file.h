// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <atomic>
#include <memory>
#include <string>

#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::io {

struct StreamOptions {
  /// Decompress by suffix: gz (also tgz), bz2, zst, lz4, br.
  bool decompress = false;
  /// Bytes that a file that is not local is asked for at a time, at most; see kRemoteReadBytes.
  int64_t buffer_bytes = 32 << 20;
  const std::atomic<bool>* cancelled = nullptr;  // as Locate
};

/// Every question to a remote file costs a round trip, so it is asked for as much as this.
inline constexpr int64_t kRemoteReadBytes = 4 << 20;

/// Opens `path` (as ListFiles gave it) for reading from front to back.
Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path,
                                                           const FileAccess& access,
                                                           const StreamOptions& options);

/// Whether OpenStream would decompress it.
bool HasCompressedName(const std::string& path);

/// How the names of files end whose streams have `compression`, with the dot: of "gzip" ".gz".
/// Invalid for another word than gzip, bz2, zstd, lz4 and brotli, which it names.
Result<std::string> SuffixOfCompression(const std::string& compression);

/// A stream whose bytes go to `stream` compressed; closing it closes both.
Result<std::shared_ptr<arrow::io::OutputStream>> CompressStream(
    std::shared_ptr<arrow::io::OutputStream> stream, const std::string& compression);

/// Opens `path` for reading anywhere.
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenFile(
    const std::string& path, const FileAccess& access,
    const std::atomic<bool>* cancelled = nullptr);

}  // namespace headrace::io
