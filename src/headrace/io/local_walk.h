// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
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

/// Adds the file `path`, or all files below the directory `path`, in no particular order. Links are
/// followed, a link to a directory that contains it is not. Returns false when nothing is there.
/// Costs one system call per file besides reading the directories.
Result<bool> WalkLocal(const std::string& path, std::vector<ListedFile>* files);

/// Local files and directories that match `pattern`, sorted.
Result<std::vector<std::string>> ExpandLocalGlob(const std::string& pattern);

}  // namespace headrace::io
