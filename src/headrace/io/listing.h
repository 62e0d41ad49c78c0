// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::io {

struct ListedFile {
  std::string path;  // without scheme for local files, with it for others
  int64_t size_bytes = 0;
};

struct ListOptions {
  std::vector<std::string> extensions;  // without dot, lower case; empty: all files
  bool ignore_missing_paths = false;
};

/// The filesystem of `uri` and the path in it. Local paths may come as "/a/b", "a/b", "file:///a/b"
/// or "local:///a/b"; "s3://anonymous@bucket/key" reads unsigned.
Result<std::pair<std::shared_ptr<arrow::fs::FileSystem>, std::string>> ResolveUri(
    const std::string& uri);

/// Files below `paths` (files, directories, globs), sorted by name within each path, in the order
/// of `paths`. Names that start with '.' or '_' below a directory are skipped. A missing path fails
/// with IOError and ErrorKind::kFileNotFound naming it; nothing left fails with Invalid saying what
/// removed the files (no files, extension, …).
Result<std::vector<ListedFile>> ListFiles(const std::vector<std::string>& paths,
                                          const ListOptions& options);

/// Opens `path` (as ListFiles gave it) for reading; decompresses by suffix when `decompress`
/// (gz, bz2, zst, lz4, br).
Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path,
                                                           bool decompress);
/// Whether OpenStream would decompress it.
bool HasCompressedName(const std::string& path);
Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenFile(const std::string& path);

}  // namespace headrace::io
