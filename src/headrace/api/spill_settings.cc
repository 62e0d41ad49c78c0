// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/spill_settings.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include "headrace/base/log.h"

namespace headrace::api {
namespace {

std::string_view Variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : std::string_view(value);
}

void Ignored(const char* name, std::string_view value) {
  Log(LogLevel::kWarning, "An environment variable is not understood and ignored",
      {{"name", name}, {"value", std::string(value)}});
}

}  // namespace

store::SpillOptions DefaultSpillOptions() {
  store::SpillOptions spill;
  std::string_view directories = Variable("HEADRACE_SPILL_DIRECTORY");
  while (!directories.empty()) {
    const size_t end = std::min(directories.find(':'), directories.size());
    if (end > 0) spill.directories.emplace_back(directories.substr(0, end));
    directories.remove_prefix(std::min(end + 1, directories.size()));
  }
  if (spill.directories.empty()) {
    std::error_code error;
    const auto temporary = std::filesystem::temp_directory_path(error);
    if (!error) spill.directories.push_back(temporary.string());
  }
  if (const auto quota = Variable("HEADRACE_SPILL_QUOTA_BYTES"); !quota.empty()) {
    int64_t bytes = 0;
    const auto [end, error] = std::from_chars(quota.begin(), quota.end(), bytes);
    if (error == std::errc() && end == quota.end() && bytes >= 0) {
      spill.quota_bytes = bytes;
    } else {
      Ignored("HEADRACE_SPILL_QUOTA_BYTES", quota);
    }
  }
  const auto compression = Variable("HEADRACE_SPILL_COMPRESSION");
  if (compression == "lz4") {
    spill.compression = store::SpillOptions::Compression::kLz4;
  } else if (!compression.empty() && compression != "none") {
    Ignored("HEADRACE_SPILL_COMPRESSION", compression);
  }
  spill.enabled = true;
  return spill;
}

}  // namespace headrace::api
