// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/io/interfaces.h>

#include <cstdint>
#include <string>

#include "headrace/base/status.h"

namespace headrace::io {

/// Reads `size` bytes from `stream` and appends them to `out`; fewer only where the stream ends.
/// Memory grows with what is there, not with `size`, which a file may claim.
Status AppendBytes(arrow::io::InputStream& stream, int64_t size, std::string* out);

}  // namespace headrace::io
