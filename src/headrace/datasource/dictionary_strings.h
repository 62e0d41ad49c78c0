// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_dict.h>

#include <memory>

#include "headrace/base/status.h"

namespace headrace::datasource {

/// True for int32 indices into strings or binaries with 32-bit offsets: what ExpandStrings takes.
bool IsStringDictionary(const arrow::DictionaryArray& column);

/// The strings of `column`, one per row. Short strings are copied as one vector
/// move each, without a loop over their bytes. Fails with CapacityError past 2 GiB of characters.
Result<std::shared_ptr<arrow::Array>> ExpandStrings(const arrow::DictionaryArray& column,
                                                    arrow::MemoryPool* pool);

}  // namespace headrace::datasource
