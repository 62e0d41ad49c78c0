// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/encode_image.h"

#include <png.h>
#include <turbojpeg.h>

#include <memory>

namespace headrace::media {
namespace {

constexpr int kJpegQuality = 75;
constexpr int64_t kMaxSide = 65500;  // what JPEG can say

Status Check(const Pixels& pixels, bool has_channels, const char* format) {
  if (!has_channels) {
    return Status::Invalid("an image with ", pixels.channels, " channels cannot be ", format);
  }
  if (pixels.width < 1 || pixels.height < 1 || pixels.width > kMaxSide ||
      pixels.height > kMaxSide) {
    return Status::Invalid("an image of ", pixels.width, " x ", pixels.height, " pixels cannot be ",
                           format);
  }
  return Status::OK();
}

}  // namespace

Result<std::string> EncodePng(const Pixels& pixels) {
  constexpr png_uint_32 kFormats[] = {PNG_FORMAT_GRAY, PNG_FORMAT_GA, PNG_FORMAT_RGB,
                                      PNG_FORMAT_RGBA};
  ARROW_RETURN_NOT_OK(Check(pixels, pixels.channels >= 1 && pixels.channels <= 4, "PNG"));
  png_image image{};
  image.version = PNG_IMAGE_VERSION;
  image.width = static_cast<png_uint_32>(pixels.width);
  image.height = static_cast<png_uint_32>(pixels.height);
  image.format = kFormats[pixels.channels - 1];
  std::string out;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
  out.resize(size);
  if (!::png_image_write_to_memory(&image, out.data(), &size, /*convert_to_8_bit=*/0, pixels.data,
                                   /*row_stride=*/0, /*colormap=*/nullptr)) {
    return Status::Invalid("PNG: ", image.message);
  }
  out.resize(size);
  return out;
}

Result<std::string> EncodeJpeg(const Pixels& pixels) {
  ARROW_RETURN_NOT_OK(Check(pixels, pixels.channels == 1 || pixels.channels == 3, "JPEG"));
  struct Destroy {
    void operator()(void* compressor) const { ::tjDestroy(compressor); }
  };
  const std::unique_ptr<void, Destroy> compressor(::tjInitCompress());
  if (compressor == nullptr) return Status::OutOfMemory("no JPEG encoder");
  const int subsampling = pixels.channels == 1 ? TJSAMP_GRAY : TJSAMP_420;
  const auto width = static_cast<int>(pixels.width);
  const auto height = static_cast<int>(pixels.height);
  std::string out(::tjBufSize(width, height, subsampling), '\0');
  auto* buffer = reinterpret_cast<unsigned char*>(out.data());
  auto size = static_cast<unsigned long>(out.size());
  if (::tjCompress2(compressor.get(), pixels.data, width, /*pitch=*/0, height,
                    pixels.channels == 1 ? TJPF_GRAY : TJPF_RGB, &buffer, &size, subsampling,
                    kJpegQuality, TJFLAG_NOREALLOC | TJFLAG_ACCURATEDCT) != 0) {
    return Status::Invalid("JPEG: ", ::tjGetErrorStr2(compressor.get()));
  }
  out.resize(size);
  return out;
}

}  // namespace headrace::media
