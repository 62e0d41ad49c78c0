// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/io/file_access.h"

namespace headrace::io {

struct ListedFile {
  std::string path;  // as OpenFile takes it
  int64_t size_bytes = 0;
};

struct ListOptions {
  std::vector<std::string> extensions;  // without dot, lower case; empty: all files
  bool ignore_missing_paths = false;
};

/// IOError of ErrorKind::kFileNotFound that names `path`.
Status NotFound(const std::string& path);

/// The files below paths (files, directories, globs), page by page: sorted by name within each
/// path, in the order of the paths. Names that start with '.' or '_' below a directory are skipped.
/// Holds the names of one directory, or one page of a remote listing, at a time. One thread.
class FileLister {
 public:
  /// `paths` are those that `access.Admit` gave. `cancelled`: see Locate.
  FileLister(std::vector<std::string> paths, ListOptions options, FileAccess access,
             const std::atomic<bool>* cancelled = nullptr);
  ~FileLister();

  /// The next files, never none; nullopt at the end. A path that does not exist fails with
  /// NotFound; when no file is left at all, the end fails with Invalid saying what removed them (no
  /// files, extension, …).
  Result<std::optional<std::vector<ListedFile>>> Next();

 private:
  class Pages;
  Result<std::unique_ptr<Pages>> Open(const std::string& path);
  Status NothingLeft() const;

  const std::vector<std::string> paths_;
  const ListOptions options_;
  const FileAccess access_;
  const std::atomic<bool>* const cancelled_;
  std::unique_ptr<Pages> pages_;  // of the path before next_path_; nullptr: none
  size_t next_path_ = 0;
  size_t num_missing_ = 0;
  size_t num_listed_ = 0;  // whatever their extension
  bool gave_any_ = false;

  class LocalPages;
  class RemotePages;
};

/// What a FileLister is made of, for a read that lists while it reads.
struct Listing {
  std::vector<std::string> paths;
  ListOptions options;
};

/// All files at once; see FileLister.
Result<std::vector<ListedFile>> ListFiles(const Listing& listing, const FileAccess& access);

/// The beginning of a listing.
struct FirstFiles {
  /// All files where one page has them, else a sample of the first page: its first file, and some
  /// spread over the others.
  std::vector<ListedFile> files;
  bool are_all = true;
};
Result<FirstFiles> ListFirstFiles(const Listing& listing, const FileAccess& access);

/// What a page has at most, and what S3 lists at a time.
inline constexpr size_t kPageFiles = 1000;
/// Of a page, when it is not all. Parquet opens each of them.
inline constexpr size_t kSampleFiles = 64;

}  // namespace headrace::io
