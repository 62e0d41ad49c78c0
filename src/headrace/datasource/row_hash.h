// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <cstdint>
#include <memory>
#include <string>

#include "headrace/base/status.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// uint64 hashes (xxHash64) of path and row number in the file, for the selected rows of a row
/// group whose first row is `first_row`. The same file gives the same hashes in every read.
Result<std::shared_ptr<arrow::Array>> RowHashes(const std::string& path, int64_t first_row,
                                                const RowSelection& selection,
                                                arrow::MemoryPool* pool);

}  // namespace headrace::datasource
