// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/webdataset_samples.h"

#include <arrow/util/utf8.h>
#include <fnmatch.h>

#include <algorithm>
#include <functional>

namespace headrace::datasource {
namespace {

/// Splits at the first dot of the last name of the path; false if there is nothing before it.
bool SplitName(std::string_view path, std::string* key, std::string* suffix) {
  const size_t slash = path.rfind('/');
  const size_t begin = slash == std::string_view::npos ? 0 : slash + 1;
  const size_t dot = path.find('.', begin);
  if (dot == std::string_view::npos || dot == begin) return false;
  *key = path.substr(0, dot);
  *suffix = path.substr(dot + 1);
  return true;
}

}  // namespace

bool MatchesAny(const std::string& name, const NamePatterns& patterns) {
  if (!patterns) return true;
  const std::string dotted = "." + name;
  return std::any_of(patterns->begin(), patterns->end(), [&](const std::string& pattern) {
    if (pattern.find_first_of("*?") != std::string::npos) {
      return ::fnmatch(pattern.c_str(), dotted.c_str(), 0) == 0;
    }
    return pattern == name || pattern == dotted;
  });
}

Result<bool> SampleReader::NextFile() {
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool found, tar_.Next());
    if (!found) return false;
    const std::string& name = tar_.name();
    if (!MatchesAny(name, files_) || !SplitName(name, &key_, &suffix_)) continue;
    if (arrow::util::ValidateUTF8(name)) return true;
    return Status::Invalid("the name of a file in the archive is no UTF-8 text: '", name, "'");
  }
}

Result<bool> SampleReader::Next(Sample* sample) {
  sample->files.clear();
  if (!has_file_) {
    ARROW_ASSIGN_OR_RAISE(has_file_, NextFile());
    if (!has_file_) return false;
  }
  sample->key = key_;
  if (!seen_.insert(std::hash<std::string>()(key_)).second) {
    return Status::Invalid("the files of the sample '", key_,
                           "' are not next to each other; sort the archive by name, for example "
                           "with tar --sort=name");
  }
  while (has_file_ && key_ == sample->key) {
    for (const auto& [suffix, content] : sample->files) {
      if (suffix == suffix_) return Status::Invalid("the file '", tar_.name(), "' comes twice");
    }
    if (MatchesAny(suffix_, suffixes_)) {
      sample->files.emplace_back(suffix_, std::string());
      ARROW_RETURN_NOT_OK(tar_.Read(&sample->files.back().second));
    }
    ARROW_ASSIGN_OR_RAISE(has_file_, NextFile());
  }
  return true;
}

}  // namespace headrace::datasource
