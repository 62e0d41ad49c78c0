// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/filesystem/filesystem.h>

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"
#include "headrace/io/retry.h"

namespace headrace::io {

/// How the paths of one read or write are reached. A value; crosses to worker processes.
struct FileAccess {
  /// Pickle of the filesystem object that the user gave; empty: paths say which filesystem.
  std::string filesystem;
  /// "s3://bucket" -> the URI that opens it, where that has credentials or options. They are kept
  /// apart from the paths, so that errors, plans and the column "path" do not show them.
  std::map<std::string, std::string> roots;
  /// Variables of the program's environment that filesystems look at. Worker processes may have
  /// begun before the program set them.
  std::map<std::string, std::string> environment;
  RetryPolicy retry;

  /// `path` as all other functions take it: credentials and options of a URI move to `roots`.
  /// Fails with Invalid when the same bucket has others already.
  Result<std::string> Admit(const std::string& path);
  /// The local path of `path`, or nullopt when another filesystem has it. Local ones come as
  /// "/a/b", "a/b", "file:///a/b" (with %20 and the like) or "local:///a/b".
  std::optional<std::string> LocalPath(const std::string& path) const;

  void WriteTo(WireWriter* out) const;
  static FileAccess ReadFrom(WireReader* in);
};

struct Location {
  std::shared_ptr<arrow::fs::FileSystem> filesystem;
  std::string path;  // in it
  bool is_local = false;
};

/// Where `path` is. Apart from escapes in "file://", paths are taken as they are: '%' and ' ' are
/// characters of an object's name. Filesystems that are not local try again as `access.retry` says
/// until `cancelled`, which outlives them and their files. Any thread.
Result<Location> Locate(const std::string& path, const FileAccess& access,
                        const std::atomic<bool>* cancelled = nullptr);

/// Loads filesystem objects of the program. Implemented by the Python bindings. Any thread.
class FilesystemHost {
 public:
  virtual ~FilesystemHost() = default;
  virtual Result<std::shared_ptr<arrow::fs::FileSystem>> Load(const std::string& pickled) = 0;
};

/// Set once, by the bindings.
void SetProcessFilesystemHost(FilesystemHost* host);

}  // namespace headrace::io
