// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input.h"
#include "headrace/datasource/npy_header.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

/// Headers; one that is understood is written again and gives the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Result<NpyHeader> header = ParseNpyHeader(fuzz::Text(data, size));
  if (!header.ok()) return 0;
  fuzz::Require(header->data_offset <= static_cast<int64_t>(size), "a header ends behind the file");
  for (const int64_t axis : header->shape) fuzz::Require(axis >= 0, "an axis is negative");
  const Result<std::string> text = FormatNpyHeader(*header->type, header->shape);
  if (!text.ok()) return 0;
  const Result<NpyHeader> again = ParseNpyHeader(*text);
  fuzz::Require(again.ok() && again->shape == header->shape && again->type->Equals(*header->type),
                "a header changes when it is written");
  return 0;
}
