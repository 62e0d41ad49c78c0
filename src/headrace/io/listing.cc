// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/listing.h"

#include <arrow/filesystem/localfs.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <arrow/util/io_util.h>
#include <arrow/util/uri.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <optional>

#include "headrace/io/local_walk.h"
#include "headrace/io/remote_filesystem.h"

namespace headrace::io {
namespace {

Status NotFound(const std::string& path) {
  return MakeError(arrow::StatusCode::IOError, ErrorKind::kFileNotFound,
                   "Path does not exist: '" + path + "'");
}

/// The path of a local URI or plain path; nullopt for other schemes.
std::optional<std::string> LocalPath(const std::string& uri) {
  const std::string_view scheme = UriScheme(uri);
  if (scheme.empty()) return uri;
  if (scheme == "local") return uri.substr(8);
  if (scheme == "file") return arrow::util::UriUnescape(std::string_view(uri).substr(7));
  return std::nullopt;
}

/// Whether `path` ends in one of `extensions`, whatever the case; a URI's query does not count.
bool HasExtension(std::string_view path, const std::vector<std::string>& extensions) {
  if (extensions.empty()) return true;
  if (!UriScheme(path).empty()) path = path.substr(0, path.find('?'));
  for (const std::string& extension : extensions) {
    if (path.size() <= extension.size()) continue;
    const std::string_view end = path.substr(path.size() - extension.size());
    if (path[path.size() - extension.size() - 1] != '.') continue;
    if (std::equal(end.begin(), end.end(), extension.begin(), [](char a, char b) {
          return std::tolower(static_cast<unsigned char>(a)) ==
                 std::tolower(static_cast<unsigned char>(b));
        })) {
      return true;
    }
  }
  return false;
}

Result<bool> ListLocal(const std::string& path, std::vector<ListedFile>* files) {
  ARROW_ASSIGN_OR_RAISE(const bool found, WalkLocal(path, files));
  if (found || !HasGlob(path)) return found;
  ARROW_ASSIGN_OR_RAISE(const auto matches, ExpandLocalGlob(path));
  for (const std::string& match : matches) ARROW_RETURN_NOT_OK(WalkLocal(match, files));
  return !matches.empty();
}

bool IsHiddenBelow(std::string_view path, size_t base_size) {
  const auto names = SplitPath(path.substr(std::min(base_size, path.size())));
  return std::any_of(names.begin(), names.end(), IsHiddenName);
}

Result<std::vector<arrow::fs::FileInfo>> ListRemoteDirectory(arrow::fs::FileSystem* filesystem,
                                                             const std::string& path) {
  arrow::fs::FileSelector selector;
  selector.base_dir = path;
  selector.recursive = true;
  selector.allow_not_found = true;
  return filesystem->GetFileInfo(selector);
}

/// The part of `path` before its first name with a glob character, without a final '/'.
std::string GlobBase(const std::string& path) {
  const size_t slash = path.rfind('/', path.find_first_of("*?["));
  return slash == std::string::npos ? "" : path.substr(0, slash);
}

Result<bool> ListRemote(const std::string& given, std::vector<ListedFile>* files) {
  // A '?' after the path begins the query of a URI, so only * and [ are patterns here.
  const std::string uri_path = given.substr(0, given.find('?'));
  const bool glob = uri_path.find_first_of("*[") != std::string::npos;
  const std::string uri = glob ? GlobBase(uri_path) + given.substr(uri_path.size()) : given;
  ARROW_ASSIGN_OR_RAISE(auto resolved, ResolveRemote(uri));
  auto& [filesystem, base] = resolved;
  if (!glob) {
    ARROW_ASSIGN_OR_RAISE(const auto info, filesystem->GetFileInfo(base));
    if (info.type() == arrow::fs::FileType::NotFound) return false;
    if (info.IsFile()) {
      files->push_back({given, info.size()});
      return true;
    }
  }
  const auto patterns =
      SplitPath(std::string_view(uri_path).substr(glob ? GlobBase(uri_path).size() : 0));
  ARROW_ASSIGN_OR_RAISE(const auto infos, ListRemoteDirectory(filesystem.get(), base));
  bool any = !glob;
  for (const auto& info : infos) {
    if (!info.IsFile() || IsHiddenBelow(info.path(), base.size())) continue;
    if (glob &&
        !MatchesGlob(patterns, SplitPath(std::string_view(info.path()).substr(base.size())))) {
      continue;
    }
    any = true;
    files->push_back({UriBelow(uri, base, info.path()), info.size()});
  }
  return any;
}

Status NothingLeft(const std::vector<std::string>& paths, size_t num_missing, size_t num_listed,
                   const ListOptions& options) {
  if (paths.empty()) return Status::Invalid("No paths were given to read.");
  if (num_missing == paths.size()) {
    return Status::Invalid(
        "None of the provided paths exist; they were skipped because ignore_missing_paths is set.");
  }
  if (num_listed == 0) {
    return Status::Invalid("No input files found to read: '", paths.front(), "'",
                           paths.size() > 1 ? " and the other paths" : "",
                           " have no files whose names do not begin with '.' or '_'.");
  }
  std::string extensions;
  for (const auto& extension : options.extensions) {
    extensions += (extensions.empty() ? "'" : ", '") + extension + "'";
  }
  return Status::Invalid("No input files found to read with the following file extensions: [",
                         extensions, "]; ", num_listed,
                         " files have other extensions. Check 'file_extensions'.");
}

/// By the suffix, of URIs without their query.
std::optional<arrow::Compression::type> CompressionOf(std::string_view path) {
  if (!UriScheme(path).empty()) path = path.substr(0, path.find('?'));
  if (path.ends_with(".gz") || path.ends_with(".tgz")) return arrow::Compression::GZIP;
  if (path.ends_with(".bz2")) return arrow::Compression::BZ2;
  if (path.ends_with(".zst")) return arrow::Compression::ZSTD;
  if (path.ends_with(".lz4")) return arrow::Compression::LZ4_FRAME;
  if (path.ends_with(".br")) return arrow::Compression::BROTLI;
  return std::nullopt;
}

}  // namespace

Result<std::pair<std::shared_ptr<arrow::fs::FileSystem>, std::string>> ResolveUri(
    const std::string& uri) {
  if (auto local = LocalPath(uri)) {
    static const auto filesystem = std::make_shared<arrow::fs::LocalFileSystem>();
    return std::pair<std::shared_ptr<arrow::fs::FileSystem>, std::string>(filesystem,
                                                                          *std::move(local));
  }
  return ResolveRemote(uri);
}

Result<std::vector<ListedFile>> ListFiles(const std::vector<std::string>& paths,
                                          const ListOptions& options) {
  std::vector<ListedFile> files;
  size_t num_missing = 0;
  size_t num_listed = 0;
  for (const std::string& path : paths) {
    const size_t begin = files.size();
    const auto local = LocalPath(path);
    ARROW_ASSIGN_OR_RAISE(const bool found,
                          local ? ListLocal(*local, &files) : ListRemote(path, &files));
    if (!found) {
      if (!options.ignore_missing_paths) return NotFound(path);
      ++num_missing;
    }
    num_listed += files.size() - begin;
    const auto of_path = files.begin() + static_cast<ptrdiff_t>(begin);
    files.erase(std::remove_if(of_path, files.end(),
                               [&](const ListedFile& file) {
                                 return !HasExtension(file.path, options.extensions);
                               }),
                files.end());
    std::sort(files.begin() + static_cast<ptrdiff_t>(begin), files.end(),
              [](const ListedFile& a, const ListedFile& b) { return a.path < b.path; });
  }
  if (files.empty()) return NothingLeft(paths, num_missing, num_listed, options);
  return files;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenFile(const std::string& path) {
  if (const auto local = LocalPath(path)) {
    // Read, not mapped: a file that is cut short while it is read must not kill the process.
    auto file = arrow::io::ReadableFile::Open(*local);
    if (file.ok()) return *file;
    if (arrow::internal::ErrnoFromStatus(file.status()) == ENOENT) return NotFound(path);
    return file.status();
  }
  ARROW_ASSIGN_OR_RAISE(auto resolved, ResolveRemote(path));
  return resolved.first->OpenInputFile(resolved.second);
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path,
                                                           bool decompress) {
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::io::InputStream> stream, OpenFile(path));
  const auto compression = decompress ? CompressionOf(path) : std::nullopt;
  if (!compression) return stream;
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(*compression));
  // The stream refers to the codec: both live in one object.
  struct Owned {
    std::shared_ptr<arrow::util::Codec> codec;
    std::shared_ptr<arrow::io::CompressedInputStream> stream;
  };
  auto owned = std::make_shared<Owned>();
  owned->codec = std::move(codec);
  ARROW_ASSIGN_OR_RAISE(owned->stream,
                        arrow::io::CompressedInputStream::Make(owned->codec.get(), stream));
  return std::shared_ptr<arrow::io::InputStream>(owned, owned->stream.get());
}

bool HasCompressedName(const std::string& path) { return CompressionOf(path).has_value(); }

}  // namespace headrace::io
