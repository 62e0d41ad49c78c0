// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/local_walk.h"

#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <utility>

#include "headrace/base/unique_fd.h"

namespace headrace::io {
namespace {

using FileId = std::pair<dev_t, ino_t>;

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using DirPtr = std::unique_ptr<DIR, CloseDir>;

Status FailedTo(std::string_view what, const std::string& path, int error) {
  return Status::IOError("Cannot ", what, " '", path, "': ", std::strerror(error));
}

std::string Join(const std::string& dir, std::string_view name) {
  std::string path;
  path.reserve(dir.size() + 1 + name.size());
  path = dir;
  if (!path.empty() && path.back() != '/') path += '/';
  return path.append(name);
}

Result<DirPtr> OpenDirectory(const std::string& path) {
  DirPtr dir(::opendir(path.c_str()));
  if (dir == nullptr) return FailedTo("list directory", path, errno);
  return dir;
}

/// `ancestors` are the directories on the way here, so that a link back to one of them ends.
Status WalkDirectory(const std::string& path, std::vector<FileId>* ancestors,
                     std::vector<ListedFile>* files) {
  ARROW_ASSIGN_OR_RAISE(DirPtr dir, OpenDirectory(path));
  const int fd = ::dirfd(dir.get());
  struct stat info;
  if (::fstat(fd, &info) != 0) return FailedTo("list directory", path, errno);
  const FileId id(info.st_dev, info.st_ino);
  if (std::find(ancestors->begin(), ancestors->end(), id) != ancestors->end()) return Status::OK();
  ancestors->push_back(id);
  std::vector<std::string> directories;
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (IsHiddenName(entry->d_name)) continue;
    if (entry->d_type == DT_DIR) {
      directories.emplace_back(entry->d_name);
      continue;
    }
    if (::fstatat(fd, entry->d_name, &info, 0) != 0) {
      if (errno == ENOENT) continue;  // a dangling link, or removed meanwhile
      return FailedTo("read the size of", Join(path, entry->d_name), errno);
    }
    if (S_ISDIR(info.st_mode)) {
      directories.emplace_back(entry->d_name);
    } else if (S_ISREG(info.st_mode)) {
      files->push_back({Join(path, entry->d_name), info.st_size});
    }
    errno = 0;
  }
  if (errno != 0) return FailedTo("list directory", path, errno);
  dir.reset();  // one open directory at a time, however deep the tree
  for (const std::string& name : directories) {
    ARROW_RETURN_NOT_OK(WalkDirectory(Join(path, name), ancestors, files));
  }
  ancestors->pop_back();
  return Status::OK();
}

bool Exists(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0;
}

bool IsDirectory(const std::string& path) {
  struct stat info;
  return ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode);
}

bool MatchesName(const std::string& pattern, const char* name) {
  return ::fnmatch(pattern.c_str(), name, FNM_PERIOD) == 0;
}

/// Adds what `patterns[index..]` match below `dir` ("" is the working directory).
Status Expand(const std::string& dir, const std::vector<std::string>& patterns, size_t index,
              std::vector<std::string>* matches) {
  if (index == patterns.size()) {
    matches->push_back(dir);
    return Status::OK();
  }
  const std::string& pattern = patterns[index];
  const bool any_depth = pattern == "**";
  if (!any_depth && !HasGlob(pattern)) {
    std::string path = Join(dir, pattern);
    return Exists(path) ? Expand(path, patterns, index + 1, matches) : Status::OK();
  }
  if (any_depth) ARROW_RETURN_NOT_OK(Expand(dir, patterns, index + 1, matches));
  const bool last = index + 1 == patterns.size();
  std::vector<std::string> names;
  {
    ARROW_ASSIGN_OR_RAISE(DirPtr handle, OpenDirectory(dir.empty() ? "." : dir));
    while (const dirent* entry = ::readdir(handle.get())) {
      const char* name = entry->d_name;
      if (any_depth ? IsHiddenName(name) : !MatchesName(pattern, name)) continue;
      if (std::strcmp(name, ".") == 0 || std::strcmp(name, "..") == 0) continue;
      names.emplace_back(name);
    }
  }
  for (const std::string& name : names) {
    const std::string path = Join(dir, name);
    // Links to directories are not followed by "**", so a link to a parent cannot loop.
    struct stat info;
    if (any_depth && (::lstat(path.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))) continue;
    if (!any_depth && !last && !IsDirectory(path)) continue;
    ARROW_RETURN_NOT_OK(Expand(path, patterns, any_depth ? index : index + 1, matches));
  }
  return Status::OK();
}

bool MatchesGlobFrom(std::span<const std::string> patterns, std::span<const std::string> names) {
  if (patterns.empty()) return names.empty();
  if (patterns.front() == "**") {
    for (size_t skip = 0; skip <= names.size(); ++skip) {
      if (MatchesGlobFrom(patterns.subspan(1), names.subspan(skip))) return true;
    }
    return false;
  }
  return !names.empty() && MatchesName(patterns.front(), names.front().c_str()) &&
         MatchesGlobFrom(patterns.subspan(1), names.subspan(1));
}

}  // namespace

bool HasGlob(std::string_view path) { return path.find_first_of("*?[") != std::string_view::npos; }

std::vector<std::string> SplitPath(std::string_view path) {
  std::vector<std::string> parts;
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end > 0) parts.emplace_back(path.substr(0, end));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return parts;
}

bool MatchesGlob(const std::vector<std::string>& patterns, const std::vector<std::string>& names) {
  return MatchesGlobFrom(patterns, names);
}

Result<bool> WalkLocal(const std::string& path, std::vector<ListedFile>* files) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return false;
    return FailedTo("open", path, errno);
  }
  if (S_ISDIR(info.st_mode)) {
    std::vector<FileId> ancestors;
    ARROW_RETURN_NOT_OK(WalkDirectory(path, &ancestors, files));
  } else {
    files->push_back({path, info.st_size});
  }
  return true;
}

Result<std::vector<std::string>> ExpandLocalGlob(const std::string& pattern) {
  std::vector<std::string> matches;
  const std::string root = pattern.starts_with('/') ? "/" : "";
  ARROW_RETURN_NOT_OK(Expand(root, SplitPath(pattern), 0, &matches));
  std::sort(matches.begin(), matches.end());
  matches.erase(std::unique(matches.begin(), matches.end()), matches.end());
  return matches;
}

}  // namespace headrace::io
