// SPDX-License-Identifier: Apache-2.0
#include <webp/decode.h>
#include <webp/demux.h>

#include <cstring>
#include <memory>

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

/// The first frame of an animation on its canvas, which libwebp keeps twice as RGBA.
Status DecodeFirstFrame(Bytes data, const ImageInfo& info, uint8_t* pixels) {
  struct Delete {
    void operator()(WebPAnimDecoder* decoder) const { ::WebPAnimDecoderDelete(decoder); }
  };
  WebPAnimDecoderOptions options;
  if (!::WebPAnimDecoderOptionsInit(&options)) return Status::Invalid("wrong version of libwebp");
  options.color_mode = MODE_RGBA;
  const WebPData file{data.data(), data.size()};
  const std::unique_ptr<WebPAnimDecoder, Delete> decoder(::WebPAnimDecoderNew(&file, &options));
  uint8_t* canvas = nullptr;  // of the decoder
  int timestamp_ms = 0;
  WebPAnimInfo animation;
  if (decoder == nullptr || !::WebPAnimDecoderGetInfo(decoder.get(), &animation) ||
      static_cast<int>(animation.canvas_width) != info.width ||
      static_cast<int>(animation.canvas_height) != info.height ||
      !::WebPAnimDecoderGetNext(decoder.get(), &canvas, &timestamp_ms)) {
    return Status::Invalid("the animation is truncated or corrupt");
  }
  if (info.mode == PixelMode::kRGBA) {
    std::memcpy(pixels, canvas, static_cast<size_t>(info.size_bytes()));
    return Status::OK();
  }
  const int64_t num_pixels = int64_t{info.width} * info.height;
  for (int64_t i = 0; i < num_pixels; ++i) std::memcpy(pixels + 3 * i, canvas + 4 * i, 3);
  return Status::OK();
}

}  // namespace

Result<ImageInfo> DecodeWebp(const DecodeRequest& request) {
  WebPBitstreamFeatures features;
  const Bytes data = request.data;
  VP8StatusCode code = ::WebPGetFeatures(data.data(), data.size(), &features);
  if (code != VP8_STATUS_OK) return WebpError(code);
  ImageInfo info{.format = ImageFormat::kWebp,
                 .mode = features.has_alpha ? PixelMode::kRGBA : PixelMode::kRGB,
                 .width = features.width,
                 .height = features.height};
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  // Four bytes for each pixel of a lossless image; two canvases and a frame of an animation.
  const int64_t argb_bytes = int64_t{4} * info.width * info.height;
  constexpr int kLossless = 2;
  if (features.has_animation) {
    info.scratch_bytes = 3 * argb_bytes;
  } else if (features.format == kLossless) {
    info.scratch_bytes = argb_bytes;
  }
  if (request.sink == nullptr) return info;
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  if (features.has_animation) {
    ARROW_RETURN_NOT_OK(DecodeFirstFrame(data, info, pixels));
    return info;
  }
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
