// SPDX-License-Identifier: Apache-2.0
#include <gif_lib.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "headrace/media/decoders.h"

namespace headrace::media {
namespace {

struct CloseGif {
  void operator()(GifFileType* gif) const { ::DGifCloseFile(gif, nullptr); }
};
using GifPtr = std::unique_ptr<GifFileType, CloseGif>;

int ReadBytes(GifFileType* gif, GifByteType* out, int size) {
  auto* rest = static_cast<Bytes*>(gif->UserData);
  const size_t count = std::min(static_cast<size_t>(std::max(size, 0)), rest->size());
  std::memcpy(out, rest->data(), count);
  *rest = rest->subspan(count);
  return static_cast<int>(count);
}

Status GifError(int code) {
  if (code == D_GIF_ERR_READ_FAILED || code == D_GIF_ERR_EOF_TOO_SOON) {
    return Status::Invalid("the file is truncated");
  }
  const char* text = ::GifErrorString(code);
  return Status::Invalid(text != nullptr ? text : "the data is corrupt");
}

/// Skips to the first frame; returns the index of its transparent color, or -1.
Result<int> FindFirstFrame(GifFileType* gif) {
  int transparent = -1;
  while (true) {
    GifRecordType type;
    if (::DGifGetRecordType(gif, &type) == GIF_ERROR) return GifError(gif->Error);
    if (type == TERMINATE_RECORD_TYPE) return Status::Invalid("it has no frames");
    if (type == IMAGE_DESC_RECORD_TYPE) return transparent;
    if (type != EXTENSION_RECORD_TYPE) continue;
    int code = 0;
    GifByteType* block = nullptr;
    if (::DGifGetExtension(gif, &code, &block) == GIF_ERROR) return GifError(gif->Error);
    while (block != nullptr) {
      GraphicsControlBlock control;
      if (code == GRAPHICS_EXT_FUNC_CODE &&
          ::DGifExtensionToGCB(block[0], block + 1, &control) == GIF_OK) {
        transparent = control.TransparentColor;
      }
      if (::DGifGetExtensionNext(gif, &block) == GIF_ERROR) return GifError(gif->Error);
    }
  }
}

/// Gray levels in order are no palette in Pillow.
bool IsGrayRamp(const ColorMapObject& map) {
  for (int i = 0; i < map.ColorCount; ++i) {
    const GifColorType& color = map.Colors[i];
    if (color.Red != i || color.Green != i || color.Blue != i) return false;
  }
  return true;
}

Status ReadFrame(GifFileType* gif, const ImageInfo& info, uint8_t* pixels) {
  const GifImageDesc& frame = gif->Image;
  if (frame.Width <= 0 || frame.Height <= 0) return Status::OK();
  std::vector<uint8_t> line(frame.Width);
  const int visible = std::clamp(info.width - frame.Left, 0, frame.Width);
  // Interlaced files hold every 8th row first, then those between.
  constexpr int kBegin[] = {0, 4, 2, 1}, kStep[] = {8, 8, 4, 2};
  const int passes = frame.Interlace ? 4 : 1;
  for (int pass = 0; pass < passes; ++pass) {
    const int begin = frame.Interlace ? kBegin[pass] : 0;
    const int step = frame.Interlace ? kStep[pass] : 1;
    for (int y = begin; y < frame.Height; y += step) {
      if (::DGifGetLine(gif, line.data(), frame.Width) == GIF_ERROR) return GifError(gif->Error);
      if (frame.Top + y >= info.height || visible == 0) continue;
      std::memcpy(pixels + static_cast<size_t>(frame.Top + y) * info.width + frame.Left,
                  line.data(), visible);
    }
  }
  return Status::OK();
}

}  // namespace

Result<ImageInfo> DecodeGif(const DecodeRequest& request) {
  Bytes rest = request.data;
  int error = 0;
  GifPtr gif(::DGifOpen(&rest, &ReadBytes, &error));
  if (gif == nullptr) return GifError(error);
  ImageInfo info{.format = ImageFormat::kGif,
                 .mode = PixelMode::kP,
                 .width = gif->SWidth,
                 .height = gif->SHeight};
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  ARROW_ASSIGN_OR_RAISE(const int transparent, FindFirstFrame(gif.get()));
  if (::DGifGetImageDesc(gif.get()) == GIF_ERROR) return GifError(gif->Error);
  // Pillow makes the picture larger when the first frame reaches beyond it.
  info.width = std::max(info.width, gif->Image.Left + gif->Image.Width);
  info.height = std::max(info.height, gif->Image.Top + gif->Image.Height);
  ARROW_RETURN_NOT_OK(CheckSize(info, request.max_pixels));
  const ColorMapObject* map = gif->Image.ColorMap != nullptr ? gif->Image.ColorMap : gif->SColorMap;
  if (map == nullptr || IsGrayRamp(*map)) info.mode = PixelMode::kL;
  if (request.sink == nullptr) return info;
  if (info.mode == PixelMode::kP) {
    for (int i = 0; i < std::min(map->ColorCount, 256); ++i) {
      const GifColorType& color = map->Colors[i];
      uint8_t* entry = &request.colors->palette[4 * i];
      entry[0] = color.Red, entry[1] = color.Green, entry[2] = color.Blue;
    }
  }
  if (transparent >= 0) {
    if (info.mode == PixelMode::kP) {
      request.colors->palette[4 * transparent + 3] = 0;
    } else {
      const auto gray = static_cast<uint16_t>(transparent);
      request.colors->transparent = {gray, gray, gray};
    }
  }
  ARROW_ASSIGN_OR_RAISE(uint8_t * pixels, request.sink->Allocate(info));
  std::memset(pixels, transparent >= 0 ? transparent : 0, info.size_bytes());
  ARROW_RETURN_NOT_OK(ReadFrame(gif.get(), info, pixels));
  return info;
}

}  // namespace headrace::media
