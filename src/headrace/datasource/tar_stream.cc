// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/tar_stream.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <limits>
#include <optional>

#include "headrace/io/append_bytes.h"

namespace headrace::datasource {
namespace {

constexpr int64_t kBlock = 512;
constexpr int64_t kReadBytes = 1 << 20;
// Long names and pax records; they are some hundred bytes.
constexpr int64_t kMaxExtension = 1 << 20;
constexpr size_t kNameBytes = 100;

// Offset and width of the fields of a header.
struct Field {
  size_t offset;
  size_t width;
};
constexpr Field kName = {0, kNameBytes}, kMode = {100, 8}, kUid = {108, 8}, kGid = {116, 8},
                kSize = {124, 12}, kTime = {136, 12}, kChecksum = {148, 8}, kType = {156, 1},
                kMagic = {257, 6}, kPrefix = {345, 155};

std::string_view Text(std::string_view block, Field field) {
  const std::string_view text = block.substr(field.offset, field.width);
  return text.substr(0, text.find('\0'));
}

/// Octal digits, or a big-endian number behind a byte of 0x80.
std::optional<int64_t> Number(std::string_view block, Field field) {
  std::string_view text = block.substr(field.offset, field.width);
  int64_t value = 0;
  if (static_cast<uint8_t>(text.front()) == 0x80) {
    for (const char c : text.substr(1)) {
      if (value > (std::numeric_limits<int64_t>::max() >> 8)) return std::nullopt;
      value = value << 8 | static_cast<uint8_t>(c);
    }
    return value;
  }
  text = text.substr(0, text.find('\0'));
  const size_t begin = text.find_first_not_of(' ');
  if (begin == std::string_view::npos) return 0;
  text.remove_prefix(begin);
  text = text.substr(0, text.find(' '));
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value, 8);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// Sum of the bytes of a header, its checksum counted as spaces.
int64_t Checksum(std::string_view block) {
  int64_t sum = static_cast<int64_t>(' ' * kChecksum.width);
  for (size_t i = 0; i < block.size(); ++i) {
    const bool is_checksum = i >= kChecksum.offset && i < kChecksum.offset + kChecksum.width;
    if (!is_checksum) sum += static_cast<uint8_t>(block[i]);
  }
  return sum;
}

int64_t PaddingOf(int64_t size) { return (kBlock - size % kBlock) % kBlock; }

void PutOctal(int64_t value, Field field, std::string* block) {
  char digits[16];
  const int count =
      std::snprintf(digits, sizeof(digits), "%0*llo", static_cast<int>(field.width) - 1,
                    static_cast<unsigned long long>(value));
  block->replace(field.offset, static_cast<size_t>(count), digits, static_cast<size_t>(count));
}

/// Time and owner are always the same, so that the same rows make the same bytes.
void AppendMember(std::string_view name, char type, std::string_view content, std::string* out) {
  std::string block(kBlock, '\0');
  block.replace(kName.offset, std::min(name.size(), kNameBytes), name.substr(0, kNameBytes));
  PutOctal(0644, kMode, &block);
  PutOctal(0, kUid, &block);
  PutOctal(0, kGid, &block);
  PutOctal(static_cast<int64_t>(content.size()), kSize, &block);
  PutOctal(0, kTime, &block);
  block[kType.offset] = type;
  block.replace(kMagic.offset, 8, std::string_view("ustar\00000", 8));
  PutOctal(Checksum(block), {kChecksum.offset, kChecksum.width - 1}, &block);
  block[kChecksum.offset + kChecksum.width - 1] = ' ';
  out->append(block);
  out->append(content);
  out->append(static_cast<size_t>(PaddingOf(static_cast<int64_t>(content.size()))), '\0');
}

}  // namespace

struct TarReader::Header {
  char type = '0';
  std::string name;
  int64_t size = 0;
  // Of an extension before the header, they take the place of its own.
  std::optional<std::string> given_name;
  std::optional<int64_t> given_size;
};

Status TarReader::Damaged(std::string_view what) const {
  return Status::Invalid("tar archive ", what, " at byte ", position_);
}

Status TarReader::ReadExactly(int64_t size, std::string* out) {
  out->clear();
  ARROW_RETURN_NOT_OK(io::AppendBytes(*stream_, size, out));
  const auto read = static_cast<int64_t>(out->size());
  position_ += read;
  return read < size ? Damaged("is cut off") : Status::OK();
}

Status TarReader::Skip(int64_t size) {
  while (size > 0) {
    const int64_t part = std::min(size, kReadBytes);
    ARROW_RETURN_NOT_OK(ReadExactly(part, &block_));
    size -= part;
  }
  return Status::OK();
}

Status TarReader::SkipContent() {
  ARROW_RETURN_NOT_OK(Skip(std::exchange(content_bytes_, 0)));
  return Skip(std::exchange(padding_bytes_, 0));
}

/// Records "<length> <key>=<value>\n".
Status TarReader::ReadPax(int64_t size, Header* header) {
  std::string text;
  ARROW_RETURN_NOT_OK(ReadExactly(size, &text));
  for (std::string_view rest = text; !rest.empty();) {
    size_t length = 0;
    const auto parsed = std::from_chars(rest.data(), rest.data() + rest.size(), length);
    const auto digits = static_cast<size_t>(parsed.ptr - rest.data());
    if (parsed.ec != std::errc() || length > rest.size() || length < digits + 3) {
      return Damaged("has a damaged pax header");
    }
    const std::string_view record = rest.substr(digits + 1, length - digits - 2);
    rest.remove_prefix(length);
    const size_t equals = record.find('=');
    if (equals == std::string_view::npos) return Damaged("has a damaged pax header");
    const std::string_view key = record.substr(0, equals);
    const std::string_view value = record.substr(equals + 1);
    if (key == "path") header->given_name = value;
    if (key == "size") {
      int64_t given = -1;
      std::from_chars(value.data(), value.data() + value.size(), given);
      if (given < 0) return Damaged("has a damaged pax header");
      header->given_size = given;
    }
    if (key.starts_with("GNU.sparse.")) return Damaged("has a sparse file, which is not read,");
  }
  return Status::OK();
}

Result<bool> TarReader::ReadHeader(Header* header) {
  // An archive may end without its two blocks of zeros.
  ARROW_ASSIGN_OR_RAISE(const auto first, stream_->Read(1));
  if (first->size() == 0) {
    if (position_ == 0) return Status::Invalid("the file is empty");
    return false;
  }
  ++position_;
  const char byte = static_cast<char>(first->data()[0]);
  ARROW_RETURN_NOT_OK(ReadExactly(kBlock - 1, &block_));
  block_.insert(block_.begin(), byte);
  if (block_.find_first_not_of('\0') == std::string::npos) return false;
  const auto checksum = Number(block_, kChecksum);
  const auto size = Number(block_, kSize);
  if (!checksum || *checksum != Checksum(block_) || !size) {
    position_ -= kBlock;
    return Damaged("has a damaged header (or is none, or is compressed without a suffix)");
  }
  header->type = block_[kType.offset];
  header->size = *size;
  header->name = Text(block_, kName);
  const std::string_view prefix = Text(block_, kPrefix);
  // GNU archives ("ustar  ") keep other things there.
  const bool has_prefix = block_.compare(kMagic.offset, kMagic.width, "ustar\0", kMagic.width) == 0;
  if (has_prefix && !prefix.empty()) header->name = std::string(prefix) + "/" + header->name;
  return true;
}

Result<bool> TarReader::Next() {
  ARROW_RETURN_NOT_OK(SkipContent());
  Header header;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const bool found, ReadHeader(&header));
    if (!found) return false;
    const bool is_extension =
        header.type == 'L' || header.type == 'K' || header.type == 'x' || header.type == 'g';
    if (is_extension) {
      if (header.size > kMaxExtension) return Damaged("has a header that is too long");
      if (header.type == 'x') {
        ARROW_RETURN_NOT_OK(ReadPax(header.size, &header));
      } else {
        std::string text;
        ARROW_RETURN_NOT_OK(ReadExactly(header.size, &text));
        if (header.type == 'L') header.given_name = text.substr(0, text.find('\0'));
      }
      ARROW_RETURN_NOT_OK(Skip(PaddingOf(header.size)));
      continue;
    }
    if (header.type == 'S') return Damaged("has a sparse file, which is not read,");
    // Links, devices, directories and pipes have no content, whatever their size says.
    if (header.type >= '1' && header.type <= '6') {
      header = Header{};
      continue;
    }
    name_ = header.given_name.value_or(header.name);
    content_bytes_ = header.given_size.value_or(header.size);
    padding_bytes_ = PaddingOf(content_bytes_);
    const bool is_file = header.type == '0' || header.type == '\0' || header.type == '7';
    if (is_file && !name_.ends_with('/')) return true;
    ARROW_RETURN_NOT_OK(SkipContent());
    header = Header{};
  }
}

Status TarReader::Read(std::string* content) {
  if (content_bytes_ > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("file '", name_, "' of ", content_bytes_,
                                 " bytes is too large for one value");
  }
  return ReadExactly(std::exchange(content_bytes_, 0), content);
}

void AppendTarFile(std::string_view name, std::string_view content, std::string* out) {
  if (name.size() > kNameBytes) {
    // The length of a pax record counts its own digits.
    const size_t rest = std::string_view(" path=\n").size() + name.size();
    size_t length = rest + 1;
    while (std::to_string(length).size() + rest != length) ++length;
    const std::string record = std::to_string(length) + " path=" + std::string(name) + "\n";
    AppendMember("PaxHeader", 'x', record, out);
  }
  AppendMember(name, '0', content, out);
}

void AppendTarEnd(std::string* out) { out->append(2 * kBlock, '\0'); }

}  // namespace headrace::datasource
