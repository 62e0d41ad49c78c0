// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/util/utf8.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/tar_stream.h"

namespace headrace::datasource {

/// Files of an archive that have a key in common: "a/0001.jpg" and "a/0001.seg.png" are the key
/// "a/0001" with the suffixes "jpg" and "seg.png".
struct Sample {
  std::string key;
  std::vector<std::pair<std::string, std::string>> files;  // suffix and content
};

/// Patterns that a name has to match one of: with '*' or '?' those of fnmatch, over "." + name,
/// else the name with or without a dot before it. nullopt: every name does.
using NamePatterns = std::optional<std::vector<std::string>>;
bool MatchesAny(const std::string& name, const NamePatterns& patterns);

/// The samples of an archive, in order. One thread.
class SampleReader {
 public:
  /// `files` choose by the whole name, `suffixes` by the suffix. Both outlive the reader.
  SampleReader(TarReader tar, const NamePatterns& files, const NamePatterns& suffixes)
      : tar_(std::move(tar)), files_(files), suffixes_(suffixes) {
    arrow::util::InitializeUTF8();
  }

  /// False at the end. Files without a suffix are passed over. Fails with Invalid naming the file
  /// or key: files of a sample have to be neighbours, and have different suffixes; names are UTF-8.
  Result<bool> Next(Sample* sample);

 private:
  Result<bool> NextFile();

  TarReader tar_;
  const NamePatterns& files_;
  const NamePatterns& suffixes_;
  // The file that has been found and belongs to the next sample.
  bool has_file_ = false;
  std::string key_;
  std::string suffix_;
  // Keys that came before, by their 64-bit hashes: eight bytes for a sample.
  std::unordered_set<uint64_t> seen_;
};

}  // namespace headrace::datasource
