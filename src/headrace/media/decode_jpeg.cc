// SPDX-License-Identifier: Apache-2.0
// clang-format off
#include <cstddef>
#include <cstdio>
#include <jpeglib.h>
#include <jerror.h>
// clang-format on

#include <csetjmp>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

/// libjpeg with errors as values: every call that may fail runs behind its own setjmp.
class JpegReader {
 public:
  explicit JpegReader(Bytes data) {
    info_.err = ::jpeg_std_error(&errors_);
    errors_.error_exit = [](j_common_ptr info) {
      std::longjmp(static_cast<JpegReader*>(info->client_data)->on_error_, 1);
    };
    errors_.emit_message = [](j_common_ptr, int) {};  // warnings: the picture is still usable
    info_.client_data = this;
    source_.init_source = [](j_decompress_ptr) {};
    source_.term_source = [](j_decompress_ptr) {};
    source_.resync_to_restart = ::jpeg_resync_to_restart;
    // All data is there from the start, so whoever wants more has found a truncated file.
    source_.fill_input_buffer = [](j_decompress_ptr info) -> boolean {
      ERREXIT(info, JERR_INPUT_EOF);
      return FALSE;
    };
    source_.skip_input_data = [](j_decompress_ptr info, long bytes) {
      if (bytes <= 0) return;
      jpeg_source_mgr* source = info->src;
      if (static_cast<size_t>(bytes) > source->bytes_in_buffer) ERREXIT(info, JERR_INPUT_EOF);
      source->next_input_byte += bytes;
      source->bytes_in_buffer -= static_cast<size_t>(bytes);
    };
    source_.next_input_byte = data.data();
    source_.bytes_in_buffer = data.size();
  }
  JpegReader(const JpegReader&) = delete;
  ~JpegReader() {
    if (created_) ::jpeg_destroy_decompress(&info_);
  }

  Status ReadHeader() {
    if (setjmp(on_error_) != 0) return LastError();
    ::jpeg_create_decompress(&info_);
    created_ = true;
    info_.src = &source_;
    ::jpeg_read_header(&info_, TRUE);
    return Status::OK();
  }

  /// The defaults are the accurate ones: integer-slow DCT and fancy upsampling.
  Status ReadPixels(J_COLOR_SPACE color_space, uint8_t* pixels, size_t row_bytes) {
    if (setjmp(on_error_) != 0) return LastError();
    info_.out_color_space = color_space;
    ::jpeg_start_decompress(&info_);
    while (info_.output_scanline < info_.output_height) {
      JSAMPROW rows[kRowsAtOnce];
      const JDIMENSION left = info_.output_height - info_.output_scanline;
      const JDIMENSION num_rows = left < kRowsAtOnce ? left : kRowsAtOnce;
      for (JDIMENSION i = 0; i < num_rows; ++i) {
        rows[i] = pixels + (info_.output_scanline + i) * row_bytes;
      }
      ::jpeg_read_scanlines(&info_, rows, num_rows);
    }
    return Status::OK();  // what follows the last row does not matter
  }

  const jpeg_decompress_struct& info() const { return info_; }

 private:
  static constexpr JDIMENSION kRowsAtOnce = 16;

  Status LastError() {
    if (errors_.msg_code == JERR_INPUT_EOF) {
      return Status::Invalid("the file is truncated");
    }
    char message[JMSG_LENGTH_MAX];
    errors_.format_message(reinterpret_cast<j_common_ptr>(&info_), message);
    return Status::Invalid(message);
  }

  jpeg_decompress_struct info_{};
  jpeg_error_mgr errors_{};
  jpeg_source_mgr source_{};
  std::jmp_buf on_error_;
  bool created_ = false;
};

}  // namespace

Result<ImageInfo> DecodeJpeg(const DecodeRequest& request) {
  JpegReader reader(request.data);
  ARROW_RETURN_NOT_OK(reader.ReadHeader());
  ImageInfo info{.format = ImageFormat::kJpeg,
                 .width = static_cast<int>(reader.info().image_width),
                 .height = static_cast<int>(reader.info().image_height)};
  J_COLOR_SPACE color_space = JCS_RGB;
  switch (reader.info().num_components) {
    case 1:
      info.mode = PixelMode::kL;
      color_space = JCS_GRAYSCALE;
      break;
    case 3:
      break;
    case 4:
      info.mode = PixelMode::kCMYK;
      color_space = JCS_CMYK;
      break;
    default:
      return Status::Invalid("it has ", reader.info().num_components, " color components");
  }
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  if (request.sink == nullptr) return info;
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  ARROW_RETURN_NOT_OK(reader.ReadPixels(
      color_space, pixels, static_cast<size_t>(info.width) * BytesPerPixel(info.mode)));
  if (info.mode == PixelMode::kCMYK) {
    // Files hold the amount of light, as Adobe's programs write it, not of ink.
    for (int64_t i = 0; i < info.size_bytes(); ++i) pixels[i] = 255 - pixels[i];
  }
  return info;
}

}  // namespace headrace::media
