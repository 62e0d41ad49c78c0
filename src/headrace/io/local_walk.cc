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

Result<std::optional<LocalWalk>> LocalWalk::Begin(const std::string& path) {
  struct stat info;
  if (::stat(path.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
    return FailedTo("open", path, errno);
  }
  LocalWalk walk;
  if (S_ISDIR(info.st_mode)) {
    ARROW_RETURN_NOT_OK(walk.Enter(path));
  } else {
    walk.file_ = ListedFile{path, info.st_size};
  }
  return walk;
}

Status LocalWalk::Enter(std::string path) {
  ARROW_ASSIGN_OR_RAISE(DirPtr dir, OpenDirectory(path));
  const int fd = ::dirfd(dir.get());
  struct stat info;
  if (::fstat(fd, &info) != 0) return FailedTo("list directory", path, errno);
  Directory entered;
  entered.id = {info.st_dev, info.st_ino};
  const bool is_loop =
      std::any_of(directories_.begin(), directories_.end(),
                  [&](const Directory& ancestor) { return ancestor.id == entered.id; });
  if (is_loop) return Status::OK();
  errno = 0;
  while (const dirent* entry = ::readdir(dir.get())) {
    if (IsHiddenName(entry->d_name)) continue;
    entered.names.emplace_back(entry->d_name);
    bool is_directory = entry->d_type == DT_DIR;
    if (entry->d_type == DT_LNK || entry->d_type == DT_UNKNOWN) {
      is_directory = ::fstatat(fd, entry->d_name, &info, 0) == 0 && S_ISDIR(info.st_mode);
    }
    // The '/' gives files below it their place among the other paths.
    if (is_directory) entered.names.back() += '/';
    errno = 0;
  }
  if (errno != 0) return FailedTo("list directory", path, errno);
  std::sort(entered.names.begin(), entered.names.end());
  entered.path = std::move(path);
  directories_.push_back(std::move(entered));
  return Status::OK();
}

Status LocalWalk::AddFile(Directory* directory, const std::string& name,
                          std::vector<ListedFile>* files) {
  if (!directory->fd.valid()) {
    directory->fd = UniqueFd(::open(directory->path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory->fd.valid()) return FailedTo("list directory", directory->path, errno);
  }
  struct stat info;
  if (::fstatat(directory->fd.get(), name.c_str(), &info, 0) != 0) {
    if (errno == ENOENT) return Status::OK();  // a dangling link, or removed meanwhile
    return FailedTo("read the size of", Join(directory->path, name), errno);
  }
  if (S_ISREG(info.st_mode)) files->push_back({Join(directory->path, name), info.st_size});
  return Status::OK();
}

Result<bool> LocalWalk::Next(size_t count, std::vector<ListedFile>* files) {
  if (file_) files->push_back(*std::exchange(file_, std::nullopt));
  const size_t enough = files->size() + count;
  while (!directories_.empty() && files->size() < enough) {
    Directory& here = directories_.back();
    if (here.next == here.names.size()) {
      directories_.pop_back();
      continue;
    }
    const std::string name = std::move(here.names[here.next++]);
    if (!name.ends_with('/')) {
      ARROW_RETURN_NOT_OK(AddFile(&here, name, files));
      continue;
    }
    here.fd.Reset();  // one open directory at a time, however deep the tree
    ARROW_RETURN_NOT_OK(Enter(Join(here.path, std::string_view(name).substr(0, name.size() - 1))));
  }
  return !directories_.empty();
}

Result<std::vector<std::string>> ExpandLocalGlob(const std::string& pattern) {
  std::vector<std::string> matches;
  const std::string root = pattern.starts_with('/') ? "/" : "";
  ARROW_RETURN_NOT_OK(Expand(root, SplitPath(pattern), 0, &matches));
  for (std::string& match : matches) {
    if (IsDirectory(match) && !match.ends_with('/')) match += '/';
  }
  std::sort(matches.begin(), matches.end());
  std::vector<std::string> kept;
  for (std::string& match : matches) {
    const bool is_below =
        !kept.empty() &&
        (match == kept.back() || (kept.back().ends_with('/') && match.starts_with(kept.back())));
    if (!is_below) kept.push_back(std::move(match));
  }
  for (std::string& match : kept) {
    if (match.size() > 1 && match.ends_with('/')) match.pop_back();
  }
  return kept;
}

}  // namespace headrace::io
