// SPDX-License-Identifier: Apache-2.0
#include <png.h>

#include <algorithm>
#include <bit>
#include <csetjmp>
#include <cstring>
#include <string>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

/// libpng with errors as values: every call that may fail runs behind its own setjmp.
class PngReader {
 public:
  explicit PngReader(Bytes data) : rest_(data) {}
  PngReader(const PngReader&) = delete;
  ~PngReader() { ::png_destroy_read_struct(&png_, &info_, nullptr); }

  Status ReadHeader() {
    png_ = ::png_create_read_struct(PNG_LIBPNG_VER_STRING, this, &OnError,
                                    [](png_structp, png_const_charp) {});
    if (png_ == nullptr) return Status::OutOfMemory("cannot create a PNG reader");
    if (setjmp(on_error_) != 0) return Status::Invalid(message_);
    info_ = ::png_create_info_struct(png_);
    // The limit on pixels is checked by the caller.
    ::png_set_user_limits(png_, 0x7fffffff, 0x7fffffff);
    ::png_set_read_fn(png_, this, &Read);
    ::png_read_info(png_, info_);
    return Status::OK();
  }

  Status ReadPixels(uint8_t* pixels, size_t row_bytes) {
    if (setjmp(on_error_) != 0) return Status::Invalid(message_);
    const int depth = ::png_get_bit_depth(png_, info_);
    const int type = ::png_get_color_type(png_, info_);
    if (depth < 8) {
      if (type == PNG_COLOR_TYPE_GRAY) {
        ::png_set_expand_gray_1_2_4_to_8(png_);
      } else {
        ::png_set_packing(png_);
      }
    }
    if (depth == 16) {
      if (type != PNG_COLOR_TYPE_GRAY) {
        ::png_set_strip_16(png_);
        if (type == PNG_COLOR_TYPE_GRAY_ALPHA) ::png_set_gray_to_rgb(png_);
      } else if constexpr (std::endian::native == std::endian::little) {
        ::png_set_swap(png_);
      }
    }
    const int passes = ::png_set_interlace_handling(png_);
    ::png_read_update_info(png_, info_);
    if (::png_get_rowbytes(png_, info_) != row_bytes) return Status::Invalid("rows of odd length");
    const png_uint_32 height = ::png_get_image_height(png_, info_);
    for (int pass = 0; pass < passes; ++pass) {
      for (png_uint_32 y = 0; y < height; ++y)
        ::png_read_row(png_, pixels + y * row_bytes, nullptr);
    }
    return Status::OK();
  }

  png_structp png() { return png_; }
  png_infop info() { return info_; }

 private:
  [[noreturn]] static void OnError(png_structp png, png_const_charp message) {
    auto* self = static_cast<PngReader*>(::png_get_error_ptr(png));
    std::snprintf(self->message_, sizeof(self->message_), "%s", message);
    std::longjmp(self->on_error_, 1);
  }
  static void Read(png_structp png, png_bytep out, size_t size) {
    auto* self = static_cast<PngReader*>(::png_get_io_ptr(png));
    if (size > self->rest_.size()) ::png_error(png, "the file is truncated");
    std::memcpy(out, self->rest_.data(), size);
    self->rest_ = self->rest_.subspan(size);
  }

  Bytes rest_;
  png_structp png_ = nullptr;
  png_infop info_ = nullptr;
  char message_[200] = "";
  std::jmp_buf on_error_;
};

PixelMode ModeOf(int depth, int type) {
  switch (type) {
    case PNG_COLOR_TYPE_GRAY:
      return depth == 1 ? PixelMode::k1 : depth == 16 ? PixelMode::kI16 : PixelMode::kL;
    case PNG_COLOR_TYPE_PALETTE:
      return PixelMode::kP;
    case PNG_COLOR_TYPE_GRAY_ALPHA:
      return depth == 16 ? PixelMode::kRGBA : PixelMode::kLA;
    case PNG_COLOR_TYPE_RGB_ALPHA:
      return PixelMode::kRGBA;
    default:
      return PixelMode::kRGB;
  }
}

void ReadColors(PngReader* reader, PixelMode mode, ColorTable* colors) {
  png_colorp palette = nullptr;
  int size = 0;
  if (::png_get_PLTE(reader->png(), reader->info(), &palette, &size) != 0 &&
      mode == PixelMode::kP) {
    for (int i = 0; i < std::min(size, 256); ++i) {
      colors->palette[4 * i] = palette[i].red;
      colors->palette[4 * i + 1] = palette[i].green;
      colors->palette[4 * i + 2] = palette[i].blue;
    }
  }
  png_bytep alphas = nullptr;
  png_color_16p color = nullptr;
  if (::png_get_tRNS(reader->png(), reader->info(), &alphas, &size, &color) == 0) return;
  if (mode == PixelMode::kP) {
    for (int i = 0; i < std::min(size, 256); ++i) colors->palette[4 * i + 3] = alphas[i];
  } else if (mode == PixelMode::kRGB) {
    colors->transparent = {color->red, color->green, color->blue};
  } else {
    // Compared with the pixels as they are stored here, as Pillow does: a one-bit white is 255.
    const uint16_t gray = mode == PixelMode::k1 && color->gray != 0 ? 255 : color->gray;
    colors->transparent = {gray, gray, gray};
  }
}

}  // namespace

Result<ImageInfo> DecodePng(const DecodeRequest& request) {
  PngReader reader(request.data);
  ARROW_RETURN_NOT_OK(reader.ReadHeader());
  ImageInfo info{.format = ImageFormat::kPng,
                 .mode = ModeOf(::png_get_bit_depth(reader.png(), reader.info()),
                                ::png_get_color_type(reader.png(), reader.info())),
                 .width = static_cast<int>(::png_get_image_width(reader.png(), reader.info())),
                 .height = static_cast<int>(::png_get_image_height(reader.png(), reader.info()))};
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  if (request.sink == nullptr) return info;
  ReadColors(&reader, info.mode, request.colors);
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  ARROW_RETURN_NOT_OK(
      reader.ReadPixels(pixels, static_cast<size_t>(info.width) * BytesPerPixel(info.mode)));
  return info;
}

}  // namespace headrace::media
