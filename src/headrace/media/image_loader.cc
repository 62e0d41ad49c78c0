// SPDX-License-Identifier: Apache-2.0
#include "headrace/media/image_loader.h"

#include "headrace/media/convert_mode.h"
#include "headrace/media/resize_kernels.h"

namespace headrace::media {
namespace {

/// What is still to do with an image of which the header is known.
struct Steps {
  bool resize = false;
  bool convert = false;
  ImageInfo result;
};

Result<Steps> StepsFor(const ImageInfo& info, const ImageLoadOptions& options) {
  Steps steps{.result = info};
  if (options.size) {
    steps.result.height = options.size->first;
    steps.result.width = options.size->second;
    steps.resize = steps.result.height != info.height || steps.result.width != info.width;
  }
  if (options.mode && *options.mode != info.mode) {
    if (!CanConvert(info.mode, *options.mode)) {
      return Status::Invalid("Cannot convert an image of mode ", PixelModeName(info.mode), " to ",
                             PixelModeName(*options.mode));
    }
    steps.result.mode = *options.mode;
    steps.convert = true;
  }
  return steps;
}

/// Sends an image that is complete after decoding to the user's sink, others to scratch memory.
class StepSink final : public PixelSink {
 public:
  StepSink(const ImageLoadOptions& options, PixelSink* final_sink, std::vector<uint8_t>* scratch)
      : options_(options), final_sink_(final_sink), scratch_(scratch) {}

  Result<uint8_t*> Allocate(const ImageInfo& info) override {
    ARROW_ASSIGN_OR_RAISE(steps_, StepsFor(info, options_));
    // Memory is asked for before anything is decoded, so that too little of it costs no work.
    if (options_.before_decode) {
      const int64_t steps_bytes = steps_.resize || steps_.convert ? info.size_bytes() : 0;
      ARROW_RETURN_NOT_OK(
          options_.before_decode(steps_.result.size_bytes() + steps_bytes + info.scratch_bytes));
    }
    ARROW_ASSIGN_OR_RAISE(result_, final_sink_->Allocate(steps_.result));
    if (!steps_.resize && !steps_.convert) return result_;
    const size_t needed = static_cast<size_t>(info.size_bytes()) + kResizeSlack;
    if (scratch_->size() < needed) scratch_->resize(needed);
    return scratch_->data();
  }

  const Steps& steps() const { return steps_; }
  uint8_t* result() const { return result_; }

 private:
  const ImageLoadOptions& options_;
  PixelSink* final_sink_;
  std::vector<uint8_t>* scratch_;
  Steps steps_;
  uint8_t* result_ = nullptr;
};

}  // namespace

Result<ImageInfo> ImageLoader::Load(Bytes data, PixelSink* sink) {
  auto loaded = LoadWithScratch(data, sink);
  for (auto* scratch : {&decoded_, &resized_}) {
    if (scratch->size() > kKeptScratchBytes) std::vector<uint8_t>().swap(*scratch);
  }
  return loaded;
}

Result<ImageInfo> ImageLoader::LoadWithScratch(Bytes data, PixelSink* sink) {
  StepSink step_sink(options_, sink, &decoded_);
  ARROW_ASSIGN_OR_RAISE(const ImageInfo decoded,
                        DecodeImage(data, &step_sink, &colors_,
                                    {.max_pixels = options_.max_pixels,
                                     .at_least = options_.fast ? options_.size : std::nullopt}));
  const Steps& steps = step_sink.steps();
  const ImageInfo& result = steps.result;
  uint8_t* out = step_sink.result();
  const int64_t num_pixels = int64_t{result.width} * result.height;
  uint8_t* pixels = decoded_.data();
  if (steps.resize) {
    uint8_t* to = out;
    if (steps.convert) {
      const auto needed = static_cast<size_t>(num_pixels * BytesPerPixel(decoded.mode));
      if (resized_.size() < needed) resized_.resize(needed);
      to = resized_.data();
    }
    resizer_.Resize(decoded.mode, pixels, decoded.width, decoded.height, to, result.width,
                    result.height);
    pixels = to;
  }
  if (steps.convert)
    ConvertMode(decoded.mode, colors_, pixels, result.width, result.height, result.mode, out);
  if (result.mode == PixelMode::k1) {
    for (int64_t i = 0; i < num_pixels; ++i) out[i] &= 1;
  }
  return result;
}

}  // namespace headrace::media
