// SPDX-License-Identifier: Apache-2.0
#include <webp/decode.h>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

Status WebpError(VP8StatusCode code) {
  switch (code) {
    case VP8_STATUS_OUT_OF_MEMORY:
      return Status::OutOfMemory("cannot decode it");
    case VP8_STATUS_NOT_ENOUGH_DATA:
    case VP8_STATUS_SUSPENDED:
      return Status::Invalid("the file is truncated");
    case VP8_STATUS_UNSUPPORTED_FEATURE:
      return Status::Invalid("it uses a feature that is not supported");
    default:
      return Status::Invalid("the data is corrupt");
  }
}

}  // namespace

Result<ImageInfo> DecodeWebp(const DecodeRequest& request) {
  WebPBitstreamFeatures features;
  const Bytes data = request.data;
  VP8StatusCode code = ::WebPGetFeatures(data.data(), data.size(), &features);
  if (code != VP8_STATUS_OK) return WebpError(code);
  if (features.has_animation) return Status::Invalid("animations are not supported");
  const ImageInfo info{.format = ImageFormat::kWebp,
                       .mode = features.has_alpha ? PixelMode::kRGBA : PixelMode::kRGB,
                       .width = features.width,
                       .height = features.height};
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  if (request.sink == nullptr) return info;
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  WebPDecoderConfig config;
  if (!::WebPInitDecoderConfig(&config)) return Status::Invalid("wrong version of libwebp");
  config.output.colorspace = features.has_alpha ? MODE_RGBA : MODE_RGB;
  config.output.is_external_memory = 1;
  config.output.u.RGBA.rgba = pixels;
  config.output.u.RGBA.stride = info.width * BytesPerPixel(info.mode);
  config.output.u.RGBA.size = static_cast<size_t>(info.size_bytes());
  code = ::WebPDecode(data.data(), data.size(), &config);
  ::WebPFreeDecBuffer(&config.output);
  if (code != VP8_STATUS_OK) return WebpError(code);
  return info;
}

}  // namespace headrace::media
