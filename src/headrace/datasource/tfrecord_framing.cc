// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/tfrecord_framing.h"

#include <bit>
#include <cstring>

#include "headrace/datasource/crc32c.h"
#include "headrace/io/append_bytes.h"

namespace headrace::datasource {
namespace {

static_assert(std::endian::native == std::endian::little, "records are little-endian");

constexpr int64_t kLengthBytes = 8;
constexpr int64_t kChecksumBytes = 4;
// Messages of protobuf end here.
constexpr uint64_t kMaxRecordBytes = (uint64_t{1} << 31) - 1;

/// Checksums are stored like this, so that the checksum of data with checksums in it is no
/// special case.
uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8; }

template <typename T>
T Load(std::string_view bytes) {
  T value{};
  std::memcpy(&value, bytes.data(), sizeof(value));
  return value;
}

template <typename T>
void Append(T value, std::string* out) {
  out->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

}  // namespace

Status RecordReader::Damaged(std::string_view what) const {
  return Status::Invalid("record ", num_records_, " at byte ", position_, " ", what);
}

Result<bool> RecordReader::Next(std::string* record) {
  header_.clear();
  ARROW_RETURN_NOT_OK(io::AppendBytes(*stream_, kLengthBytes + kChecksumBytes, &header_));
  if (header_.empty()) return false;
  if (header_.size() < kLengthBytes + kChecksumBytes) return Damaged("is cut off");
  const std::string_view length_bytes = std::string_view(header_).substr(0, kLengthBytes);
  const auto length = Load<uint64_t>(length_bytes);
  if (Load<uint32_t>(std::string_view(header_).substr(kLengthBytes)) !=
      Masked(Crc32c(length_bytes))) {
    return Damaged(
        "has a length with a wrong checksum; the file is damaged, is no TFRecord file, or is "
        "compressed without a suffix such as .gz");
  }
  if (length > kMaxRecordBytes) return Damaged("claims more than 2 GiB");
  record->clear();
  ARROW_RETURN_NOT_OK(
      io::AppendBytes(*stream_, static_cast<int64_t>(length) + kChecksumBytes, record));
  if (record->size() < length + kChecksumBytes) return Damaged("is cut off");
  const auto checksum = Load<uint32_t>(std::string_view(*record).substr(length));
  record->resize(length);
  if (checksum != Masked(Crc32c(*record))) return Damaged("has a wrong checksum");
  ++num_records_;
  position_ += kLengthBytes + static_cast<int64_t>(length) + 2 * kChecksumBytes;
  return true;
}

void AppendRecord(std::string_view record, std::string* out) {
  const size_t begin = out->size();
  Append(static_cast<uint64_t>(record.size()), out);
  Append(Masked(Crc32c(std::string_view(*out).substr(begin, kLengthBytes))), out);
  out->append(record);
  Append(Masked(Crc32c(record)), out);
}

}  // namespace headrace::datasource
