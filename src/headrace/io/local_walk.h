// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/base/unique_fd.h"
#include "headrace/io/listing.h"

namespace headrace::io {

/// True for names that listings skip below a directory: those that start with '.' or '_'.
inline bool IsHiddenName(std::string_view name) {
  return !name.empty() && (name.front() == '.' || name.front() == '_');
}

/// Whether `path` has one of the characters * ? [ that make it a pattern.
bool HasGlob(std::string_view path);

/// Splits at '/', without empty parts.
std::vector<std::string> SplitPath(std::string_view path);

/// Whether `names` match `patterns`, one pattern for each name; "**" matches any number of names.
bool MatchesGlob(const std::vector<std::string>& patterns, const std::vector<std::string>& names);

/// The files below one path, in the order of their paths. Links are followed, a link to a directory
/// that contains it is not. Costs one system call per file besides reading the directories; holds
/// the names of the directory that it is in and of those above. One thread.
class LocalWalk {
 public:
  /// `path` is a file or directory; nullopt when there is neither.
  static Result<std::optional<LocalWalk>> Begin(const std::string& path);
  /// Adds up to `count` files; false when there are no more.
  Result<bool> Next(size_t count, std::vector<ListedFile>* files);

 private:
  struct Directory {
    std::string path;
    std::pair<dev_t, ino_t> id;
    std::vector<std::string> names;  // sorted; those of directories end in '/'
    size_t next = 0;
    UniqueFd fd;  // open while files are looked at
  };

  LocalWalk() = default;
  Status Enter(std::string path);
  Status AddFile(Directory* directory, const std::string& name, std::vector<ListedFile>* files);

  std::optional<ListedFile> file_;      // the path is a file
  std::vector<Directory> directories_;  // from the first one to the one that we are in
};

/// Local files and directories that match `pattern`, in the order in which files below them come; a
/// match below another one is left out.
Result<std::vector<std::string>> ExpandLocalGlob(const std::string& pattern);

}  // namespace headrace::io
