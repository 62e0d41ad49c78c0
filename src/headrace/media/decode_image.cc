// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/decode_image.h"

#include <cstring>
#include <optional>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

bool StartsWith(Bytes data, std::string_view magic, size_t offset = 0) {
  return data.size() >= offset + magic.size() &&
         std::memcmp(data.data() + offset, magic.data(), magic.size()) == 0;
}

std::optional<ImageFormat> FormatOf(Bytes data) {
  using std::string_view_literals::operator""sv;
  if (StartsWith(data, "\xff\xd8\xff"sv)) return ImageFormat::kJpeg;
  if (StartsWith(data, "\x89PNG\r\n\x1a\n"sv)) return ImageFormat::kPng;
  if (StartsWith(data, "RIFF"sv) && StartsWith(data, "WEBP"sv, 8)) return ImageFormat::kWebp;
  for (const auto magic : {"II\x2a\x00"sv, "MM\x00\x2a"sv, "II\x2b\x00"sv, "MM\x00\x2b"sv}) {
    if (StartsWith(data, magic)) return ImageFormat::kTiff;
  }
  if (StartsWith(data, "GIF87a"sv) || StartsWith(data, "GIF89a"sv)) return ImageFormat::kGif;
  if (StartsWith(data, "BM"sv)) return ImageFormat::kBmp;
  return std::nullopt;
}

Result<ImageInfo> Decode(const DecodeRequest& request) {
  if (request.data.empty()) return Status::Invalid("The image file is empty");
  const auto format = FormatOf(request.data);
  if (!format) {
    return Status::Invalid("Cannot identify the image: it is no JPEG, PNG, WebP, TIFF, BMP or GIF");
  }
  Result<ImageInfo> info;
  // libraries may run out of memory by exception; their own errors are results already.
  ARROW_RETURN_NOT_OK(CatchAsStatus("image decoder", [&] {
    switch (*format) {
      case ImageFormat::kJpeg:
        info = DecodeJpeg(request);
        break;
      case ImageFormat::kPng:
        info = DecodePng(request);
        break;
      case ImageFormat::kWebp:
        info = DecodeWebp(request);
        break;
      case ImageFormat::kTiff:
        info = DecodeTiff(request);
        break;
      case ImageFormat::kBmp:
        info = DecodeBmp(request);
        break;
      case ImageFormat::kGif:
        info = DecodeGif(request);
        break;
    }
    return Status::OK();
  }));
  if (info.ok()) return info;
  return WithPrefix(info.status(), std::string(ImageFormatName(*format)) + " image: ");
}

}  // namespace

std::string_view ImageFormatName(ImageFormat format) {
  constexpr std::string_view kNames[] = {"JPEG", "PNG", "WebP", "TIFF", "BMP", "GIF"};
  return kNames[static_cast<int>(format)];
}

Status CheckSize(const ImageInfo& info, int64_t max_pixels) {
  if (info.width <= 0 || info.height <= 0) {
    return Status::Invalid("it has no pixels (", info.width, " x ", info.height, ")");
  }
  if (int64_t{info.width} * info.height > max_pixels) {
    return Status::Invalid(
        "it claims ", info.width, " x ", info.height, " pixels, over the limit of ", max_pixels,
        "; this may be a decompression bomb (DataContext.max_image_pixels sets the "
        "limit)");
  }
  return Status::OK();
}

Result<ImageInfo> ReadImageInfo(Bytes data, const DecodeOptions& options) {
  return Decode({.data = data, .max_pixels = options.max_pixels, .at_least = options.at_least});
}

Result<ImageInfo> DecodeImage(Bytes data, PixelSink* sink, ColorTable* colors,
                              const DecodeOptions& options) {
  colors->Reset();
  return Decode({.data = data,
                 .sink = sink,
                 .colors = colors,
                 .max_pixels = options.max_pixels,
                 .at_least = options.at_least});
}

}  // namespace headrace::media
