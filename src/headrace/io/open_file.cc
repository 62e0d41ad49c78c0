// SPDX-License-Identifier: Apache-2.0
#include "headrace/io/open_file.h"

#include <arrow/io/buffered.h>
#include <arrow/io/compressed.h>
#include <arrow/io/file.h>
#include <arrow/util/compression.h>
#include <arrow/util/io_util.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <string_view>

#include "headrace/io/listing.h"

namespace headrace::io {
namespace {

struct Compression {
  std::string_view name;
  std::string_view suffix;
  arrow::Compression::type type;
};
constexpr Compression kCompressions[] = {{"gzip", ".gz", arrow::Compression::GZIP},
                                         {"bz2", ".bz2", arrow::Compression::BZ2},
                                         {"zstd", ".zst", arrow::Compression::ZSTD},
                                         {"lz4", ".lz4", arrow::Compression::LZ4_FRAME},
                                         {"brotli", ".br", arrow::Compression::BROTLI}};

std::optional<arrow::Compression::type> CompressionOf(std::string_view path) {
  if (path.ends_with(".tgz")) return arrow::Compression::GZIP;
  for (const Compression& compression : kCompressions) {
    if (path.ends_with(compression.suffix)) return compression.type;
  }
  return std::nullopt;
}

Result<Compression> CompressionNamed(const std::string& name) {
  for (const Compression& compression : kCompressions) {
    if (compression.name == name) return compression;
  }
  return Status::Invalid("unknown compression '", name,
                         "' of a file; there are gzip, bz2, zstd, lz4, brotli");
}

/// `inner` compressed or decompressed; `Stream` is Arrow's class for that.
template <typename Stream, typename Inner>
Result<std::shared_ptr<Inner>> WithCodec(std::shared_ptr<Inner> inner,
                                         arrow::Compression::type compression) {
  ARROW_ASSIGN_OR_RAISE(auto codec, arrow::util::Codec::Create(compression));
  // The stream refers to the codec: both live in one object.
  struct Owned {
    std::shared_ptr<arrow::util::Codec> codec;
    std::shared_ptr<Stream> stream;
  };
  auto owned = std::make_shared<Owned>();
  owned->codec = std::move(codec);
  ARROW_ASSIGN_OR_RAISE(owned->stream, Stream::Make(owned->codec.get(), std::move(inner)));
  return std::shared_ptr<Inner>(owned, owned->stream.get());
}

/// The error of opening `path`: a missing file has an ErrorKind of its own.
Status CannotOpen(const std::string& path, const Status& status) {
  if (arrow::internal::ErrnoFromStatus(status) == ENOENT) return NotFound(path);
  return status;
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenRemoteStream(const std::string& path,
                                                                 const Location& location,
                                                                 int64_t buffer_bytes) {
  auto file = location.filesystem->OpenInputFile(location.path);
  if (file.status().IsNotImplemented()) {
    // Some servers give files from front to back only.
    auto stream = location.filesystem->OpenInputStream(location.path);
    if (!stream.ok()) return CannotOpen(path, stream.status());
    return stream;
  }
  if (!file.ok()) return CannotOpen(path, file.status());
  ARROW_ASSIGN_OR_RAISE(const int64_t size, (*file)->GetSize());
  const int64_t buffered = std::min({kRemoteReadBytes, buffer_bytes, size});
  if (buffered <= 0) return file;
  return arrow::io::BufferedInputStream::Create(buffered, arrow::default_memory_pool(), *file);
}

}  // namespace

bool HasCompressedName(const std::string& path) { return CompressionOf(path).has_value(); }

Result<std::string> SuffixOfCompression(const std::string& compression) {
  ARROW_ASSIGN_OR_RAISE(const Compression named, CompressionNamed(compression));
  return std::string(named.suffix);
}

Result<std::shared_ptr<arrow::io::OutputStream>> CompressStream(
    std::shared_ptr<arrow::io::OutputStream> stream, const std::string& compression) {
  ARROW_ASSIGN_OR_RAISE(const Compression named, CompressionNamed(compression));
  return WithCodec<arrow::io::CompressedOutputStream>(std::move(stream), named.type);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> OpenFile(const std::string& path,
                                                              const FileAccess& access,
                                                              const std::atomic<bool>* cancelled) {
  ARROW_ASSIGN_OR_RAISE(const Location location, Locate(path, access, cancelled));
  if (!location.is_local) {
    auto file = location.filesystem->OpenInputFile(location.path);
    if (!file.ok()) return CannotOpen(path, file.status());
    return file;
  }
  // Read, not mapped: a file that is cut short while it is read must not kill the process.
  auto file = arrow::io::ReadableFile::Open(location.path);
  if (!file.ok()) return CannotOpen(path, file.status());
  return *file;
}

Result<std::shared_ptr<arrow::io::InputStream>> OpenStream(const std::string& path,
                                                           const FileAccess& access,
                                                           const StreamOptions& options) {
  std::shared_ptr<arrow::io::InputStream> stream;
  if (access.LocalPath(path)) {
    ARROW_ASSIGN_OR_RAISE(stream, OpenFile(path, access));
  } else {
    ARROW_ASSIGN_OR_RAISE(const Location location, Locate(path, access, options.cancelled));
    ARROW_ASSIGN_OR_RAISE(stream, OpenRemoteStream(path, location, options.buffer_bytes));
  }
  const auto compression = options.decompress ? CompressionOf(path) : std::nullopt;
  if (!compression) return stream;
  return WithCodec<arrow::io::CompressedInputStream>(std::move(stream), *compression);
}

}  // namespace headrace::io
