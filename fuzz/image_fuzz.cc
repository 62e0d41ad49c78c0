// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include "fuzz/input.h"
#include "headrace/media/decode_image.h"

using namespace headrace;         // NOLINT
using namespace headrace::media;  // NOLINT

namespace {

// Small, so that what is found is no matter of memory.
constexpr int64_t kMaxPixels = 1 << 18;

class VectorSink final : public PixelSink {
 public:
  Result<uint8_t*> Allocate(const ImageInfo& info) override {
    fuzz::Require(int64_t{info.width} * info.height <= kMaxPixels, "more pixels than the limit");
    pixels_.resize(static_cast<size_t>(info.size_bytes()));
    return pixels_.data();
  }

 private:
  std::vector<uint8_t> pixels_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::vector<uint8_t> copy(data, data + size);
  (void)ReadImageInfo(copy, {.max_pixels = kMaxPixels}).ok();
  VectorSink sink;
  ColorTable colors;
  (void)DecodeImage(copy, &sink, &colors, {.max_pixels = kMaxPixels}).ok();
  return 0;
}
