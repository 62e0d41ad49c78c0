// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/remote_filesystem.h"

#include <arrow/config.h>
#include <dlfcn.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <map>
#include <mutex>
#include <utility>

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

/// Whether `text` reads like the options of a URI: name=value.
bool IsQuery(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0) return false;
  return std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(equals),
                     [](unsigned char c) { return std::isalnum(c) || c == '_'; });
}

/// Sets what differs: nothing in the program's own process; in a worker, before its first request.
void SetMissing(const std::map<std::string, std::string>& environment) {
  for (const auto& [name, value] : environment) {
    const char* known = std::getenv(name.c_str());
    if (known == nullptr || value != known) ::setenv(name.c_str(), value.c_str(), /*overwrite=*/1);
  }
}

std::string ReplaceAll(std::string text, const std::string& what, const std::string& with) {
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.replace(at, what.size(), with);
    at += with.size();
  }
  return text;
}

}  // namespace

std::string_view UriScheme(std::string_view uri) {
  const size_t end = uri.find("://");
  if (end == std::string_view::npos || uri.substr(0, end).find('/') != std::string_view::npos) {
    return "";
  }
  return uri.substr(0, end);
}

UriParts SplitUri(std::string_view uri) {
  UriParts parts;
  parts.scheme = UriScheme(uri);
  size_t query = uri.rfind('?');
  if (query == std::string_view::npos || !IsQuery(uri.substr(query + 1))) query = uri.size();
  const size_t host = parts.scheme.size() + 3;
  const size_t path = std::min(uri.substr(0, query).find('/', host), query);
  parts.authority = uri.substr(0, path);
  parts.path = uri.substr(path, query - path);
  parts.query = uri.substr(query);
  return parts;
}

std::string PublicAuthority(const UriParts& parts) {
  const std::string_view host = parts.authority.substr(parts.scheme.size() + 3);
  const size_t at = host.rfind('@');
  if (at == std::string_view::npos) return std::string(host);
  if (parts.scheme == "s3") return std::string(host.substr(at + 1));
  return std::string(host.substr(0, std::min(host.find(':'), at))).append(host.substr(at));
}

std::string RemoteRoot::PathOf(std::string_view path) const {
  if (path.starts_with('/')) path.remove_prefix(1);
  while (path.ends_with('/')) path.remove_suffix(1);
  if (base.empty() || base.ends_with('/')) return base + std::string(path);
  return path.empty() ? base : base + '/' + std::string(path);
}

Result<RemoteRoot> OpenRemote(const std::string& root, const std::string& shown,
                              const std::map<std::string, std::string>& environment) {
  static std::mutex mutex;
  // Never destroyed: a filesystem may be used until the process ends.
  using Key = std::pair<std::string, std::map<std::string, std::string>>;
  static auto& cache = *new std::map<Key, RemoteRoot>();
  const Key key(root, environment);
  {
    std::lock_guard lock(mutex);
    if (auto found = cache.find(key); found != cache.end()) return found->second;
    SetMissing(environment);
  }
  const UriParts parts = SplitUri(root);
  if (parts.scheme == "s3") ARROW_RETURN_NOT_OK(LoadS3());
  RemoteRoot opened;
  auto filesystem = arrow::fs::FileSystemFromUri(root, &opened.base);
  // Arrow's message repeats the URI, which may hold a password.
  if (!filesystem.ok()) {
    return filesystem.status().WithMessage(
        "Cannot open '", shown, "': ", ReplaceAll(filesystem.status().message(), root, shown));
  }
  opened.filesystem = *std::move(filesystem);
  if (parts.scheme == "s3") ShutDownAtExit();
  std::lock_guard lock(mutex);
  return cache.emplace(key, std::move(opened)).first->second;
}

}  // namespace headrace::io
