// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input.h"
#include "headrace/datasource/tar_stream.h"
#include "headrace/datasource/webdataset_samples.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

/// An archive as samples; every other one reads a part of them only.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const NamePatterns kAll;
  static const NamePatterns kSome = std::vector<std::string>{"txt", "*.c?s"};
  for (const NamePatterns& suffixes : {std::cref(kAll), std::cref(kSome)}) {
    SampleReader reader(TarReader(fuzz::Stream(data, size)), kAll, suffixes);
    Sample sample;
    while (true) {
      const Result<bool> more = reader.Next(&sample);
      if (!more.ok() || !*more) break;
      size_t bytes = 0;
      for (const auto& [suffix, content] : sample.files) bytes += content.size();
      fuzz::Require(bytes <= size, "a sample is larger than its archive");
    }
  }
  return 0;
}
