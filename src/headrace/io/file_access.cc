// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/file_access.h"

#include <arrow/filesystem/localfs.h>
#include <arrow/util/uri.h>

#include <algorithm>

#include "headrace/io/remote_filesystem.h"
#include "headrace/io/retrying_filesystem.h"

namespace headrace::io {
namespace {

std::atomic<FilesystemHost*> process_host = nullptr;

Result<std::shared_ptr<arrow::fs::FileSystem>> Load(const std::string& pickled) {
  FilesystemHost* host = process_host;
  if (host == nullptr) {
    return Status::NotImplemented("filesystem= takes Python objects, and no Python runs here");
  }
  return host->Load(pickled);
}

void WriteMap(const std::map<std::string, std::string>& map, WireWriter* out) {
  out->U64(map.size());
  for (const auto& [key, value] : map) {
    out->Str(key);
    out->Str(value);
  }
}

std::map<std::string, std::string> ReadMap(WireReader* in) {
  std::map<std::string, std::string> map;
  for (uint64_t left = in->Count(); left > 0; --left) {
    std::string key = in->Str();
    map[std::move(key)] = in->Str();
  }
  return map;
}

}  // namespace

void SetProcessFilesystemHost(FilesystemHost* host) { process_host = host; }

Result<std::string> FileAccess::Admit(const std::string& path) {
  if (!filesystem.empty() || LocalPath(path)) return path;
  const UriParts parts = SplitUri(path);
  std::string plain = std::string(parts.scheme) + "://" + PublicAuthority(parts);
  if (plain.size() == parts.authority.size() && parts.query.empty()) return path;
  std::string root = std::string(parts.authority).append(parts.query);
  const auto [known, is_new] = roots.emplace(plain, root);
  if (!is_new && known->second != root) {
    return Status::Invalid("Paths of one call have to reach '", plain,
                           "' in one way, but they name different credentials or options.");
  }
  return plain.append(parts.path);
}

std::optional<std::string> FileAccess::LocalPath(const std::string& path) const {
  if (!filesystem.empty()) return std::nullopt;
  const std::string_view scheme = UriScheme(path);
  if (scheme.empty()) return path;
  if (scheme == "local") return path.substr(8);
  if (scheme == "file") return arrow::util::UriUnescape(std::string_view(path).substr(7));
  return std::nullopt;
}

void FileAccess::WriteTo(WireWriter* out) const {
  out->Str(filesystem);
  WriteMap(roots, out);
  WriteMap(environment, out);
  retry.WriteTo(out);
}

FileAccess FileAccess::ReadFrom(WireReader* in) {
  FileAccess access;
  access.filesystem = in->Str();
  access.roots = ReadMap(in);
  access.environment = ReadMap(in);
  access.retry = RetryPolicy::ReadFrom(in);
  return access;
}

Result<Location> Locate(const std::string& path, const FileAccess& access,
                        const std::atomic<bool>* cancelled) {
  if (auto local = access.LocalPath(path)) {
    static const auto filesystem = std::make_shared<arrow::fs::LocalFileSystem>();
    return Location{filesystem, *std::move(local), /*is_local=*/true};
  }
  Location location;
  if (!access.filesystem.empty()) {
    ARROW_ASSIGN_OR_RAISE(location.filesystem, Load(access.filesystem));
    location.path = path;
  } else {
    const UriParts parts = SplitUri(path);
    const std::string plain(parts.authority);
    const auto root = access.roots.find(plain);
    ARROW_ASSIGN_OR_RAISE(
        const RemoteRoot remote,
        OpenRemote(root == access.roots.end() ? plain : root->second, plain, access.environment));
    location.filesystem = remote.filesystem;
    location.path = remote.PathOf(parts.path);
  }
  location.filesystem =
      std::make_shared<RetryingFilesystem>(std::move(location.filesystem), access.retry, cancelled);
  return location;
}

}  // namespace headrace::io
