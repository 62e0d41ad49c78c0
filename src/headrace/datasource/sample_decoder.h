// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/datasource/sample_columns.h"
#include "headrace/media/image_loader.h"

namespace headrace::datasource {

/// Files of samples to values. One thread.
class SampleDecoder {
 public:
  /// `decode` false: all files stay bytes. Images above `max_image_pixels` are refused; large
  /// images set memory aside by read.hold_memory.
  SampleDecoder(bool decode, int64_t max_image_pixels, const ReadOptions& read);

  /// The values of `sample`, whose contents are taken. Fails with Invalid naming key and suffix.
  Result<std::vector<std::pair<std::string, SampleValue>>> Decode(Sample* sample);

 private:
  Status DecodeFile(std::string_view suffix, std::string content, SampleValue* value);
  Status DecodeImage(const std::string& content, SampleValue* value);

  const bool decode_;
  const ReadOptions read_;
  MemoryHold hold_;  // while an image is decoded
  media::ImageLoader loader_;
};

}  // namespace headrace::datasource
