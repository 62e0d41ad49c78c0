// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_extent.h"

#include <arrow/util/compression.h>
#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <limits>

#include "headrace/base/fault_point.h"
#include "headrace/store/spill_checksum.h"

namespace headrace::store {
namespace {

/// Bytes per system call: they are hashed and copied while they are in the caches.
constexpr int64_t kChunkBytes = 256 << 10;
constexpr size_t kMaxPieces = 512;

/// Zeros between buffers.
constexpr std::array<uint8_t, 4096> kZeros{};

constexpr int64_t RoundUp(int64_t bytes, int64_t unit) { return (bytes + unit - 1) / unit * unit; }

/// Calls `take(data, bytes)` for the pieces of a body one after the other, each at most
/// kChunkBytes.
template <typename Take>
Status ForEachPiece(const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment,
                    Take take) {
  for (const auto& buffer : buffers) {
    const int64_t size = buffer->size();
    for (int64_t at = 0; at < size; at += kChunkBytes) {
      ARROW_RETURN_NOT_OK(take(buffer->data() + at, std::min(kChunkBytes, size - at)));
    }
    const int64_t padding = RoundUp(size, alignment) - size;
    if (padding > 0) ARROW_RETURN_NOT_OK(take(kZeros.data(), padding));
  }
  return Status::OK();
}

Status OutOfDisk(const SpillFile& file, int64_t bytes, const char* reason) {
  return MakeError(arrow::StatusCode::IOError, ErrorKind::kOutOfDisk,
                   "Could not spill " + std::to_string(bytes) + " bytes to " + file.directory +
                       ": " + reason +
                       ". Free space there, or name another directory with spill_directory "
                       "(or HEADRACE_SPILL_DIRECTORY).");
}

Status Lost(const SpillFile& file, int64_t bytes, const std::string& reason) {
  return MakeError(arrow::StatusCode::IOError, ErrorKind::kObjectLost,
                   "Could not bring back a block of " + std::to_string(bytes) +
                       " bytes that was spilled to " + file.directory + ": " + reason +
                       ". Name another directory with spill_directory (or "
                       "HEADRACE_SPILL_DIRECTORY) if this disk is not reliable.");
}

std::unique_ptr<arrow::util::Codec> NewLz4() {
  return arrow::util::Codec::Create(arrow::Compression::LZ4).ValueOrDie();
}

}  // namespace

int64_t BodyBytes(const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment) {
  int64_t total = 0;
  for (const auto& buffer : buffers) total += RoundUp(buffer->size(), alignment);
  return total;
}

/// Appends pieces to a file: gathers them, hashes them and writes many at a time.
class Extent::Writer {
 public:
  explicit Writer(Extent* extent) : extent_(extent) {}

  Status Add(const uint8_t* data, int64_t bytes) {
    pieces_.push_back({const_cast<uint8_t*>(data), static_cast<size_t>(bytes)});
    gathered_ += bytes;
    return gathered_ >= kChunkBytes || pieces_.size() == kMaxPieces ? Flush() : Status::OK();
  }

  Status Flush() {
    for (const iovec& piece : pieces_) {
      checksum_.Add(piece.iov_base, static_cast<int64_t>(piece.iov_len));
    }
    std::span<iovec> rest(pieces_);
    while (!rest.empty()) {
      HR_FAULT_POINT("store.spill.write");
      const ssize_t written = pwritev(extent_->file_->fd.get(), rest.data(),
                                      static_cast<int>(rest.size()), extent_->begin_ + written_);
      if (written < 0 && errno == EINTR) continue;
      if (written <= 0) {
        return OutOfDisk(*extent_->file_, gathered_,
                         written == 0 ? "nothing was written" : std::strerror(errno));
      }
      written_ += written;
      // A short write: the rest follows.
      auto left = static_cast<size_t>(written);
      while (!rest.empty() && left >= rest.front().iov_len) {
        left -= rest.front().iov_len;
        rest = rest.subspan(1);
      }
      if (left > 0) {
        rest.front().iov_base = static_cast<uint8_t*>(rest.front().iov_base) + left;
        rest.front().iov_len -= left;
      }
    }
    pieces_.clear();
    gathered_ = 0;
    return Status::OK();
  }

  int64_t written() const { return written_; }
  uint64_t checksum() const { return checksum_.value(); }

 private:
  Extent* const extent_;
  std::vector<iovec> pieces_;
  int64_t gathered_ = 0;
  int64_t written_ = 0;
  Checksum checksum_;
};

Result<std::shared_ptr<const Extent>> Extent::Write(
    const std::shared_ptr<SpillFile>& file,
    const std::vector<std::shared_ptr<arrow::Buffer>>& buffers, int64_t alignment,
    SpillOptions::Compression compression, std::shared_ptr<std::atomic<int64_t>> disk_used) {
  std::shared_ptr<Extent> extent(new Extent(file));
  Writer writer(extent.get());
  extent->body_bytes_ = store::BodyBytes(buffers, alignment);
  const auto write = [&]() -> Status {
    if (compression == SpillOptions::Compression::kNone) {
      ARROW_RETURN_NOT_OK(ForEachPiece(buffers, alignment, [&](const uint8_t* data, int64_t bytes) {
        return writer.Add(data, bytes);
      }));
      return writer.Flush();
    }
    const auto codec = NewLz4();
    std::vector<uint8_t> plain;  // small pieces, put together
    std::vector<uint8_t> packed(codec->MaxCompressedLen(kChunkBytes, nullptr));
    const auto pack = [&](const uint8_t* data, int64_t bytes) -> Status {
      if (bytes == 0) return Status::OK();
      ARROW_ASSIGN_OR_RAISE(
          const int64_t size,
          codec->Compress(bytes, data, static_cast<int64_t>(packed.size()), packed.data()));
      extent->parts_.push_back({static_cast<uint32_t>(bytes), static_cast<uint32_t>(size)});
      ARROW_RETURN_NOT_OK(writer.Add(packed.data(), size));
      return writer.Flush();
    };
    const auto flush = [&]() -> Status {
      ARROW_RETURN_NOT_OK(pack(plain.data(), static_cast<int64_t>(plain.size())));
      plain.clear();
      return Status::OK();
    };
    ARROW_RETURN_NOT_OK(
        ForEachPiece(buffers, alignment, [&](const uint8_t* data, int64_t bytes) -> Status {
          if (static_cast<int64_t>(plain.size()) + bytes > kChunkBytes)
            ARROW_RETURN_NOT_OK(flush());
          if (bytes == kChunkBytes) return pack(data, bytes);
          plain.insert(plain.end(), data, data + bytes);
          return Status::OK();
        }));
    return flush();
  };
  const Status written = write();
  extent->disk_bytes_ = RoundUp(writer.written(), kAlignment);
  extent->checksum_ = writer.checksum();
  extent->disk_used_ = std::move(disk_used);
  *extent->disk_used_ += extent->disk_bytes_;
  ARROW_RETURN_NOT_OK(written);  // the destructor gives back what was written
  file->end += extent->disk_bytes_;
  return extent;
}

Extent::~Extent() {
  if (disk_bytes_ == 0) return;
  *disk_used_ -= disk_bytes_;
  // Where holes cannot be made the space comes back with the file.
  static_cast<void>(
      fallocate(file_->fd.get(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, begin_, disk_bytes_));
}

Status Extent::ReadAt(int64_t position, int64_t bytes, uint8_t* out) const {
  while (bytes > 0) {
    HR_FAULT_POINT("store.spill.read");
    const ssize_t got = pread(file_->fd.get(), out, static_cast<size_t>(bytes), begin_ + position);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) {
      return Lost(*file_, body_bytes_, got == 0 ? "the file is too short" : std::strerror(errno));
    }
    out += got;
    position += got;
    bytes -= got;
  }
  return Status::OK();
}

Status Extent::ReadPlain(uint8_t* out, uint64_t* checksum) const {
  Checksum sum;
  for (int64_t at = 0; at < body_bytes_; at += kChunkBytes) {
    const int64_t bytes = std::min(kChunkBytes, body_bytes_ - at);
    ARROW_RETURN_NOT_OK(ReadAt(at, bytes, out + at));
    sum.Add(out + at, bytes);
  }
  *checksum = sum.value();
  return Status::OK();
}

Status Extent::ReadCompressed(uint8_t* out, uint64_t* checksum) const {
  const auto codec = NewLz4();
  Checksum sum;
  std::vector<uint8_t> packed;
  int64_t position = 0;
  for (const Part& part : parts_) {
    packed.resize(part.disk_bytes);
    ARROW_RETURN_NOT_OK(ReadAt(position, part.disk_bytes, packed.data()));
    position += part.disk_bytes;
    sum.Add(packed.data(), part.disk_bytes);
    const auto got = codec->Decompress(part.disk_bytes, packed.data(), part.body_bytes, out);
    if (!got.ok() || *got != part.body_bytes) {
      return Lost(*file_, body_bytes_, "it cannot be decompressed");
    }
    out += part.body_bytes;
  }
  *checksum = sum.value();
  return Status::OK();
}

Status Extent::Read(uint8_t* out) const {
  uint64_t checksum = 0;
  ARROW_RETURN_NOT_OK(parts_.empty() ? ReadPlain(out, &checksum) : ReadCompressed(out, &checksum));
  if (checksum != checksum_) return Lost(*file_, body_bytes_, "the bytes on disk were altered");
  return Status::OK();
}

}  // namespace headrace::store
