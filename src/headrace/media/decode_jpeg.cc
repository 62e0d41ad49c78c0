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

  /// Pixels of `expected.width` x `expected.height`, which is the size in the header divided by
  /// `divisor`. The defaults are the accurate ones, integer-slow DCT and fancy upsampling; where
  /// the picture is made smaller, nobody sees how colors were spread.
  Status ReadPixels(J_COLOR_SPACE color_space, int divisor, const ImageInfo& expected,
                    uint8_t* pixels) {
    if (setjmp(on_error_) != 0) return LastError();
    info_.out_color_space = color_space;
    info_.scale_num = 1;
    info_.scale_denom = static_cast<unsigned>(divisor);
    info_.do_fancy_upsampling = divisor == 1 ? TRUE : FALSE;
    ::jpeg_start_decompress(&info_);
    if (info_.output_width != static_cast<JDIMENSION>(expected.width) ||
        info_.output_height != static_cast<JDIMENSION>(expected.height)) {
      return Status::Invalid("it is decoded to ", info_.output_width, " x ", info_.output_height,
                             " pixels instead of ", expected.width, " x ", expected.height);
    }
    const size_t row_bytes = static_cast<size_t>(expected.width) * BytesPerPixel(expected.mode);
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

  /// A file of several scans is decoded when all coefficients are there.
  int64_t CoefficientBytes() {
    if (!::jpeg_has_multiple_scans(&info_)) return 0;
    int64_t coefficients = 0;
    for (int i = 0; i < info_.num_components; ++i) {
      const jpeg_component_info& component = info_.comp_info[i];
      coefficients += int64_t{DCTSIZE2} * component.width_in_blocks * component.height_in_blocks;
    }
    return coefficients * static_cast<int64_t>(sizeof(JCOEF));
  }

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

/// What width and height are divided by while they still cover `at_least`: powers of two, for which
/// libjpeg-turbo has vector code. (With the others, such as 5/8, decoding 500 x 375 pixels takes
/// longer than at full size.)
int DivisorFor(int width, int height, const std::optional<std::pair<int, int>>& at_least) {
  if (!at_least) return 1;
  for (const int divisor : {8, 4, 2}) {
    if (height / divisor >= at_least->first && width / divisor >= at_least->second) return divisor;
  }
  return 1;
}

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
  const int divisor = DivisorFor(info.width, info.height, request.at_least);
  info.width = (info.width + divisor - 1) / divisor;
  info.height = (info.height + divisor - 1) / divisor;
  info.scratch_bytes = reader.CoefficientBytes();
  if (request.sink == nullptr) return info;
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  ARROW_RETURN_NOT_OK(reader.ReadPixels(color_space, divisor, info, pixels));
  if (info.mode == PixelMode::kCMYK) {
    // Files hold the amount of light, as Adobe's programs write it, not of ink.
    for (int64_t i = 0; i < info.size_bytes(); ++i) pixels[i] = 255 - pixels[i];
  }
  return info;
}

}  // namespace headrace::media
