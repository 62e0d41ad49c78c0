// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>

#include "headrace/base/status.h"

namespace headrace {

/// The values of `array` as a `headrace.object` column: each pickled as the Python object that a
/// user sees (None stays null). Knows bool, integers, floats, strings, binary, lists and structs of
/// these, and dictionaries; other types fail with TypeError. Needed only where blocks with Python
/// objects meet blocks without, so it goes value by value.
Result<std::shared_ptr<arrow::Array>> ToObjects(const arrow::Array& array, arrow::MemoryPool* pool);

}  // namespace headrace
