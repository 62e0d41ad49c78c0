// SPDX-License-Identifier: Apache-2.0
#include <arrow/util/utf8.h>

#include "fuzz/input.h"
#include "headrace/datasource/json_lines.h"
#include "headrace/datasource/json_parser.h"
#include "headrace/datasource/row_limit.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

/// JSON in either layout, in pieces of a size that the first byte tells.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  arrow::util::InitializeUTF8();
  if (size == 0) return 0;
  for (const bool split : {false, true}) {
    JsonChunker chunks(fuzz::Stream(data + 1, size - 1), split, kDefaultMaxTextRowBytes,
                       arrow::default_memory_pool());
    JsonRows rows(nullptr, kDefaultMaxJsonKeys, arrow::default_memory_pool());
    bool known = true;
    while (known) {
      const auto text = chunks.Next(data[0] + 1);
      if (!text.ok() || *text == nullptr) break;
      known = rows.Append(**text).ValueOr(false);
    }
    if (!known) continue;
    const auto block = rows.Finish();
    if (block.ok() && block->has_value()) fuzz::RequireValid(**block);
  }
  return 0;
}
