// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// JSON texts, one value each, as a column of the type that they have together. Text stays text,
/// also where it looks like a time. Fails with Invalid; `failed` becomes the position of the text
/// that is no JSON value, or their number when they are but do not have a type in common.
Result<std::shared_ptr<arrow::Array>> ParseJsonValues(const std::vector<std::string_view>& texts,
                                                      size_t* failed, arrow::MemoryPool* pool);

}  // namespace headrace::datasource
