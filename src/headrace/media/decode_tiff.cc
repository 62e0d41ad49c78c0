// SPDX-License-Identifier: Apache-2.0
#include <tiffio.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <vector>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

/// The file in memory, and the first error libtiff reports.
struct TiffSource {
  Bytes data;
  uint64_t position = 0;
  char error[200] = "";
};

tmsize_t Read(thandle_t handle, void* out, tmsize_t size) {
  auto* source = static_cast<TiffSource*>(handle);
  if (source->position >= source->data.size() || size <= 0) return 0;
  const size_t count =
      std::min(static_cast<size_t>(size), source->data.size() - size_t(source->position));
  std::memcpy(out, source->data.data() + source->position, count);
  source->position += count;
  return static_cast<tmsize_t>(count);
}

toff_t Seek(thandle_t handle, toff_t offset, int whence) {
  auto* source = static_cast<TiffSource*>(handle);
  if (whence == SEEK_SET) source->position = offset;
  if (whence == SEEK_CUR) source->position += offset;
  if (whence == SEEK_END) source->position = source->data.size() + offset;
  return source->position;
}

int OnError(TIFF*, void* user_data, const char* module, const char* format, va_list arguments) {
  auto* source = static_cast<TiffSource*>(user_data);
  if (source->error[0] == '\0') {
    std::vsnprintf(source->error, sizeof(source->error), format, arguments);
  }
  return 1;  // not passed on to the handler that prints
}

int OnWarning(TIFF*, void*, const char*, const char*, va_list) { return 1; }

struct CloseTiff {
  void operator()(TIFF* tiff) const { ::TIFFClose(tiff); }
};
using TiffPtr = std::unique_ptr<TIFF, CloseTiff>;

TiffPtr Open(TiffSource* source) {
  TIFFOpenOptions* options = ::TIFFOpenOptionsAlloc();
  ::TIFFOpenOptionsSetErrorHandlerExtR(options, &OnError, source);
  ::TIFFOpenOptionsSetWarningHandlerExtR(options, &OnWarning, nullptr);
  TIFF* tiff = ::TIFFClientOpenExt(
      "image", "rm", source, &Read, [](thandle_t, void*, tmsize_t) -> tmsize_t { return 0; }, &Seek,
      [](thandle_t) { return 0; },
      [](thandle_t handle) -> toff_t { return static_cast<TiffSource*>(handle)->data.size(); },
      nullptr, nullptr, options);
  ::TIFFOpenOptionsFree(options);
  return TiffPtr(tiff);
}

/// How the samples of a file become pixels.
struct TiffLayout {
  uint16_t photometric = PHOTOMETRIC_MINISBLACK;
  uint16_t bits = 1;
  uint16_t samples = 1;
  uint16_t format = SAMPLEFORMAT_UINT;
  uint16_t orientation = ORIENTATION_TOPLEFT;
  int extra = -1;        // type of the first extra sample, -1: none
  bool by_rows = false;  // rows can be read one by one; otherwise libtiff makes RGBA of all
  bool invert = false;
  bool unpremultiply = false;
  PixelMode mode = PixelMode::kRGB;
};

/// The mode of layouts that are read row by row; nullopt for all others.
std::optional<PixelMode> RowMode(TiffLayout* layout) {
  const auto is = [&](int bits, int samples) {
    return layout->bits == bits && layout->samples == samples;
  };
  const bool gray = layout->photometric == PHOTOMETRIC_MINISBLACK;
  layout->invert = layout->photometric == PHOTOMETRIC_MINISWHITE;
  if (layout->format == SAMPLEFORMAT_IEEEFP) {
    if (!is(32, 1) || !(gray || layout->invert)) return std::nullopt;
    layout->invert = false;  // Pillow does not invert these
    return PixelMode::kF;
  }
  if (gray || layout->invert) {
    if (is(32, 1) && gray) return PixelMode::kI;
    if (is(16, 1)) {
      layout->invert = false;
      return layout->format == SAMPLEFORMAT_INT ? PixelMode::kI : PixelMode::kI16;
    }
    if (is(1, 1)) return PixelMode::k1;
    if (is(2, 1) || is(4, 1) || is(8, 1)) return PixelMode::kL;
    if (is(8, 2) && gray && layout->extra == EXTRASAMPLE_UNASSALPHA) return PixelMode::kLA;
    return std::nullopt;
  }
  switch (layout->photometric) {
    case PHOTOMETRIC_PALETTE:
      if (layout->samples == 1 && layout->bits <= 8) return PixelMode::kP;
      return std::nullopt;
    case PHOTOMETRIC_RGB:
      if (layout->bits != 8 && layout->bits != 16) return std::nullopt;
      if (layout->samples == 3) return PixelMode::kRGB;
      if (layout->samples != 4) return std::nullopt;
      layout->unpremultiply = layout->extra == EXTRASAMPLE_ASSOCALPHA;
      return layout->extra == EXTRASAMPLE_UNSPECIFIED ? PixelMode::kRGB : PixelMode::kRGBA;
    case PHOTOMETRIC_SEPARATED:
      if (layout->samples == 4 && (layout->bits == 8 || layout->bits == 16)) {
        return PixelMode::kCMYK;
      }
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

TiffLayout ReadLayout(TIFF* tiff) {
  TiffLayout layout;
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_BITSPERSAMPLE, &layout.bits);
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLESPERPIXEL, &layout.samples);
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_SAMPLEFORMAT, &layout.format);
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_ORIENTATION, &layout.orientation);
  ::TIFFGetField(tiff, TIFFTAG_PHOTOMETRIC, &layout.photometric);
  uint16_t num_extra = 0, compression = COMPRESSION_NONE, planes = PLANARCONFIG_CONTIG;
  uint16_t* extra = nullptr;
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_EXTRASAMPLES, &num_extra, &extra);
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_COMPRESSION, &compression);
  ::TIFFGetFieldDefaulted(tiff, TIFFTAG_PLANARCONFIG, &planes);
  if (num_extra > 0) layout.extra = extra[0];
  if (compression == COMPRESSION_JPEG && layout.photometric == PHOTOMETRIC_YCBCR) {
    ::TIFFSetField(tiff, TIFFTAG_JPEGCOLORMODE, JPEGCOLORMODE_RGB);
    layout.photometric = PHOTOMETRIC_RGB;
  }
  const auto mode = RowMode(&layout);
  layout.by_rows =
      mode && !::TIFFIsTiled(tiff) && (planes == PLANARCONFIG_CONTIG || layout.samples == 1);
  layout.mode = layout.by_rows ? *mode : layout.extra >= 0 ? PixelMode::kRGBA : PixelMode::kRGB;
  return layout;
}

void UnpackRow(const TiffLayout& layout, const uint8_t* row, int width, uint8_t* out) {
  const int channels = BytesPerPixel(layout.mode);
  const uint8_t flip = layout.invert ? 255 : 0;
  if (layout.mode == PixelMode::kF || layout.mode == PixelMode::kI16 ||
      (layout.mode == PixelMode::kI && layout.bits == 32)) {
    std::memcpy(out, row, static_cast<size_t>(width) * channels);  // libtiff swaps the bytes
  } else if (layout.mode == PixelMode::kI) {
    for (int x = 0; x < width; ++x) {
      const int32_t value = reinterpret_cast<const int16_t*>(row)[x];
      std::memcpy(out + 4 * x, &value, 4);
    }
  } else if (layout.bits < 8) {
    const int per_byte = 8 / layout.bits, most = (1 << layout.bits) - 1;
    const int factor = layout.mode == PixelMode::kP ? 1 : 255 / most;
    for (int x = 0; x < width; ++x) {
      const int shift = 8 - layout.bits * (x % per_byte + 1);
      out[x] = static_cast<uint8_t>((((row[x / per_byte] >> shift) & most) * factor) ^ flip);
    }
  } else {
    const int samples = layout.samples;
    for (int x = 0; x < width; ++x, out += channels) {
      for (int c = 0; c < channels; ++c) {
        const int i = x * samples + c;
        const int value =
            layout.bits == 16 ? reinterpret_cast<const uint16_t*>(row)[i] >> 8 : row[i];
        out[c] = static_cast<uint8_t>(value ^ flip);
      }
      if (layout.unpremultiply && out[3] != 0 && out[3] != 255) {
        for (int c = 0; c < 3; ++c) {
          out[c] = static_cast<uint8_t>(std::min(255 * out[c] / out[3], 255));
        }
      }
    }
  }
}

/// Puts rows as they lie in the file where the orientation tag wants them.
void Orient(uint16_t orientation, int bytes, const std::vector<uint8_t>& from, int width,
            int height, uint8_t* out) {
  const bool transpose = orientation >= 5;
  const int out_width = transpose ? height : width;
  for (int y = 0; y < height; ++y) {
    for (int x = 0; x < width; ++x) {
      // 2, 3, 6, 7: the first column is at the right or bottom, and so on (TIFF 6.0, page 36).
      const bool flip_x =
          orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8;
      const bool flip_y =
          orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7;
      const int fx = flip_x ? width - 1 - x : x;
      const int fy = flip_y ? height - 1 - y : y;
      const size_t to = transpose ? static_cast<size_t>(fx) * out_width + fy
                                  : static_cast<size_t>(fy) * out_width + fx;
      std::memcpy(out + to * bytes, from.data() + (static_cast<size_t>(y) * width + x) * bytes,
                  bytes);
    }
  }
}

Status ReadRows(TIFF* tiff, const TiffLayout& layout, int width, int height, uint8_t* out,
                const TiffSource& source) {
  const auto row_bytes = static_cast<size_t>(std::max<tmsize_t>(::TIFFScanlineSize(tiff), 0));
  const size_t expected = (static_cast<size_t>(width) * layout.samples * layout.bits + 7) / 8;
  if (row_bytes < expected) return Status::Invalid("rows are too short");
  std::vector<uint8_t> row(row_bytes);
  const size_t out_bytes = static_cast<size_t>(width) * BytesPerPixel(layout.mode);
  for (int y = 0; y < height; ++y) {
    if (::TIFFReadScanline(tiff, row.data(), y) < 0) {
      return Status::Invalid(source.error[0] != '\0' ? source.error : "the data is corrupt");
    }
    UnpackRow(layout, row.data(), width, out + y * out_bytes);
  }
  return Status::OK();
}

/// Any layout that libtiff can make RGBA of.
Status ReadAsRgba(TIFF* tiff, const TiffLayout& layout, int width, int height, uint8_t* out,
                  const TiffSource& source) {
  std::vector<uint32_t> raster(static_cast<size_t>(width) * height);
  // The orientation is left as in the file: Orient() does it for all layouts.
  ::TIFFSetField(tiff, TIFFTAG_ORIENTATION, ORIENTATION_TOPLEFT);
  if (!::TIFFReadRGBAImageOriented(tiff, width, height, raster.data(), ORIENTATION_TOPLEFT, 1)) {
    return Status::Invalid(source.error[0] != '\0' ? source.error : "the layout is not supported");
  }
  const int channels = BytesPerPixel(layout.mode);
  for (const uint32_t pixel : raster) {
    for (int c = 0; c < channels; ++c) out[c] = static_cast<uint8_t>(pixel >> (8 * c));
    out += channels;
  }
  return Status::OK();
}

}  // namespace

Result<ImageInfo> DecodeTiff(const DecodeRequest& request) {
  TiffSource source{.data = request.data};
  const TiffPtr tiff = Open(&source);
  if (tiff == nullptr) {
    return Status::Invalid(source.error[0] != '\0' ? source.error : "the header is corrupt");
  }
  uint32_t width = 0, height = 0;
  ::TIFFGetField(tiff.get(), TIFFTAG_IMAGEWIDTH, &width);
  ::TIFFGetField(tiff.get(), TIFFTAG_IMAGELENGTH, &height);
  if (width > INT32_MAX || height > INT32_MAX) return Status::Invalid("its size is not possible");
  const TiffLayout layout = ReadLayout(tiff.get());
  const bool transpose = layout.orientation >= 5 && layout.orientation <= 8;
  const bool oriented = layout.orientation >= 2 && layout.orientation <= 8;
  ImageInfo info{.format = ImageFormat::kTiff,
                 .mode = layout.mode,
                 .width = static_cast<int>(transpose ? height : width),
                 .height = static_cast<int>(transpose ? width : height)};
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  if (oriented) info.scratch_bytes += info.size_bytes();
  if (!layout.by_rows) info.scratch_bytes += int64_t{4} * info.width * info.height;
  if (request.sink == nullptr) return info;
  if (info.mode == PixelMode::kP) {
    uint16_t *red = nullptr, *green = nullptr, *blue = nullptr;
    if (::TIFFGetField(tiff.get(), TIFFTAG_COLORMAP, &red, &green, &blue)) {
      for (int i = 0; i < 1 << layout.bits; ++i) {
        uint8_t* entry = &request.colors->palette[4 * i];
        entry[0] = static_cast<uint8_t>(red[i] / 256);
        entry[1] = static_cast<uint8_t>(green[i] / 256);
        entry[2] = static_cast<uint8_t>(blue[i] / 256);
      }
    }
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  std::vector<uint8_t> unoriented(oriented ? static_cast<size_t>(info.size_bytes()) : 0);
  uint8_t* target = oriented ? unoriented.data() : pixels;
  const auto read = layout.by_rows ? &ReadRows : &ReadAsRgba;
  ARROW_RETURN_NOT_OK(
      read(tiff.get(), layout, static_cast<int>(width), static_cast<int>(height), target, source));
  if (oriented) {
    Orient(layout.orientation, BytesPerPixel(info.mode), unoriented, static_cast<int>(width),
           static_cast<int>(height), pixels);
  }
  return info;
}

}  // namespace headrace::media
