// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/sample_decoder.h"

#include <arrow/util/utf8.h>

#include <charconv>

#include "headrace/datasource/image_block_builder.h"
#include "headrace/datasource/npy_header.h"

namespace headrace::datasource {
namespace {

// Images up to here are in what a task declares.
constexpr int64_t kExpectedImageBytes = 16 << 20;

/// Decodes straight into the bytes of a value.
class ValueSink final : public media::PixelSink {
 public:
  explicit ValueSink(SampleValue* value) : value_(value) {}
  Result<uint8_t*> Allocate(const media::ImageInfo& info) override {
    value_->element = ImageValueType(info.mode);
    value_->shape = ImageShape(info);
    value_->bytes.resize(static_cast<size_t>(info.size_bytes()));
    return reinterpret_cast<uint8_t*>(value_->bytes.data());
  }

 private:
  SampleValue* value_;
};

Status DecodeInteger(std::string_view text, SampleValue* value) {
  constexpr std::string_view kSpace = " \t\r\n";
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin != std::string_view::npos) {
    std::string_view digits = text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
    if (digits.starts_with('+')) digits.remove_prefix(1);
    const auto parsed =
        std::from_chars(digits.data(), digits.data() + digits.size(), value->integer);
    if (parsed.ec == std::errc() && parsed.ptr == digits.data() + digits.size()) {
      return Status::OK();
    }
  }
  return Status::Invalid("is no integer");
}

Status DecodeNpy(std::string content, SampleValue* value) {
  ARROW_ASSIGN_OR_RAISE(NpyHeader header, ParseNpyHeader(content));
  if (header.type->id() == arrow::Type::BOOL) header.type = arrow::uint8();  // bytes 0 and 1
  if (header.fortran_order && header.shape.size() > 1) {
    return Status::Invalid("npy arrays in Fortran order cannot be read from archives");
  }
  int64_t bytes = header.type->byte_width();
  for (const int64_t size : header.shape) {
    if (__builtin_mul_overflow(bytes, size, &bytes)) return Status::Invalid("npy shape too large");
  }
  if (static_cast<int64_t>(content.size()) - header.data_offset < bytes) {
    return Status::Invalid("npy data is cut off");
  }
  value->element = header.type;
  value->shape = std::move(header.shape);
  value->bytes = std::move(content);
  value->bytes.erase(0, static_cast<size_t>(header.data_offset));
  value->bytes.resize(static_cast<size_t>(bytes));
  return Status::OK();
}

}  // namespace

SampleDecoder::SampleDecoder(bool decode, int64_t max_image_pixels, const ReadOptions& read)
    : decode_(decode), read_(read), loader_([this, max_image_pixels] {
        media::ImageLoadOptions load;
        load.max_pixels = max_image_pixels;
        if (!read_.hold_memory) return load;
        load.before_decode = [this](int64_t bytes) -> Status {
          if (bytes <= kExpectedImageBytes) return Status::OK();
          return read_.hold_memory(bytes - kExpectedImageBytes).Value(&hold_);
        };
        return load;
      }()) {
  arrow::util::InitializeUTF8();
}

Status SampleDecoder::DecodeImage(const std::string& content, SampleValue* value) {
  ValueSink sink(value);
  const media::Bytes bytes(reinterpret_cast<const uint8_t*>(content.data()), content.size());
  const Status loaded = loader_.Load(bytes, &sink).status();
  hold_.reset();  // the image is part of the block now
  return loaded;
}

Status SampleDecoder::DecodeFile(std::string_view suffix, std::string content, SampleValue* value) {
  value->kind = decode_ ? SampleKindOf(suffix) : SampleKind::kBytes;
  switch (value->kind) {
    case SampleKind::kImage:
      return DecodeImage(content, value);
    case SampleKind::kNpy:
      return DecodeNpy(std::move(content), value);
    case SampleKind::kInteger:
      return DecodeInteger(content, value);
    case SampleKind::kText:
    case SampleKind::kJson:
      if (!arrow::util::ValidateUTF8(content)) return Status::Invalid("is no UTF-8 text");
      [[fallthrough]];
    case SampleKind::kBytes:
      value->bytes = std::move(content);
  }
  return Status::OK();
}

Result<std::vector<std::pair<std::string, SampleValue>>> SampleDecoder::Decode(Sample* sample) {
  std::vector<std::pair<std::string, SampleValue>> values;
  for (auto& [suffix, content] : sample->files) {
    SampleValue value;
    const Status decoded = DecodeFile(suffix, std::move(content), &value);
    if (!decoded.ok()) return WithPrefix(decoded, "'" + sample->key + "." + suffix + "': ");
    values.emplace_back(std::move(suffix), std::move(value));
  }
  return values;
}

}  // namespace headrace::datasource
