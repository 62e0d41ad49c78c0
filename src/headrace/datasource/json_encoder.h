// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "headrace/base/status.h"
#include "headrace/block.h"

namespace headrace::datasource {

/// Appends the rows of `block` to `out`, one JSON object per line. Null and NaN are null (so are
/// infinities, which JSON cannot say), timestamps and dates ISO 8601 text, times and durations
/// and decimals text, binaries base64, tensors nested lists. Fails with TypeError naming the column
/// for a type without a JSON form.
Status AppendJsonLines(const Block& block, std::string* out);

}  // namespace headrace::datasource
