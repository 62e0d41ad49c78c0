// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/remote_filesystem.h"

#include <arrow/config.h>
#include <arrow/util/uri.h>
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <mutex>

namespace headrace::io {
namespace {

/// Path of the S3 part of Arrow: in newer wheels a library of its own beside libarrow.
std::string S3LibraryPath() {
  Dl_info info;
  const auto symbol = reinterpret_cast<const void*>(&arrow::GetBuildInfo);
  if (::dladdr(symbol, &info) == 0 || info.dli_fname == nullptr) return "";
  const std::string libarrow = info.dli_fname;
  const size_t name = libarrow.rfind("libarrow.so");
  if (name == std::string::npos) return "";
  return libarrow.substr(0, name) + "libarrow_s3.so" + libarrow.substr(name + 11);
}

Status LoadS3() {
  static const Status status = [] {
    const std::string library = S3LibraryPath();
    // Where the library is missing, S3 may be part of libarrow; then the URI resolves anyway.
    if (library.empty() || ::access(library.c_str(), R_OK) != 0) return Status::OK();
    return arrow::fs::LoadFileSystemFactories(library.c_str());
  }();
  return status;
}

/// The S3 library has to be shut down before its own statics go, so this is called only after it
/// made the first filesystem, and with it those statics.
void ShutDownAtExit() {
  [[maybe_unused]] static const int registered = std::atexit([] { arrow::fs::EnsureFinalized(); });
}

struct UriParts {
  std::string_view authority;  // scheme://user@host
  std::string_view path;
  std::string_view query;  // with its '?'
};

UriParts SplitUri(std::string_view uri) {
  const size_t query = std::min(uri.find('?'), uri.size());
  const size_t host = uri.find("://") + 3;
  const size_t path = std::min(uri.substr(0, query).find('/', host), query);
  return {uri.substr(0, path), uri.substr(path, query - path), uri.substr(query)};
}

}  // namespace

std::string_view UriScheme(std::string_view uri) {
  const size_t end = uri.find("://");
  if (end == std::string_view::npos || uri.substr(0, end).find('/') != std::string_view::npos) {
    return "";
  }
  return uri.substr(0, end);
}

Result<std::pair<std::shared_ptr<arrow::fs::FileSystem>, std::string>> ResolveRemote(
    const std::string& uri) {
  static std::mutex mutex;
  // Never destroyed: a filesystem may be used until the process ends.
  static auto& cache = *new std::map<std::string, std::shared_ptr<arrow::fs::FileSystem>>();
  if (UriScheme(uri) == "s3") ARROW_RETURN_NOT_OK(LoadS3());
  const UriParts parts = SplitUri(uri);
  const std::string key = std::string(parts.authority).append(parts.query);
  {
    std::lock_guard lock(mutex);
    if (auto found = cache.find(key); found != cache.end()) {
      auto filesystem = found->second;
      ARROW_ASSIGN_OR_RAISE(std::string path, filesystem->PathFromUri(uri));
      return std::pair(std::move(filesystem), std::move(path));
    }
  }
  std::string path;
  ARROW_ASSIGN_OR_RAISE(auto filesystem, arrow::fs::FileSystemFromUri(uri, &path));
  if (UriScheme(uri) == "s3") ShutDownAtExit();
  std::lock_guard lock(mutex);
  filesystem = cache.emplace(key, std::move(filesystem)).first->second;
  return std::pair(std::move(filesystem), std::move(path));
}

std::string UriBelow(const std::string& uri, const std::string& base_path,
                     const std::string& path) {
  const UriParts parts = SplitUri(uri);
  std::string base(uri, 0, parts.authority.size() + parts.path.size());
  while (base.ends_with('/')) base.pop_back();
  size_t base_size = base_path.size();
  while (base_size > 0 && base_path[base_size - 1] == '/') --base_size;
  // Only the new part is escaped: the given one is a URI already.
  std::string_view rest = std::string_view(path).substr(std::min(base_size, path.size()));
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('/'), rest.size());
    base += arrow::util::UriEscape(rest.substr(0, end));
    if (end < rest.size()) base += '/';
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return base.append(parts.query);
}

}  // namespace headrace::io
