// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/column_reader.h>
#include <parquet/metadata.h>

#include <memory>

#include "headrace/base/status.h"
#include "headrace/datasource/flat_page.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// A decoder of our own for the most common columns: no nesting, 32- and 64-bit numbers, dates,
/// timestamps, strings and binaries, pages in plain or dictionary encoding. Arrow's reader decodes
/// every value; this one decodes the selected rows only, skips pages without any, and can leave a
/// column as indices into its dictionary, which is what filters are evaluated on.

/// True when DecodeFlatColumn can read the chunk as `type`.
bool CanDecodeFlat(const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, const arrow::DataType& type);

/// The selected rows of a chunk. Strings, and with `keep_dictionary` any type, come as a dictionary
/// array (int32 indices) when all pages are dictionary-encoded. May throw what parquet-cpp throws.
Result<std::shared_ptr<arrow::Array>> DecodeFlatColumn(
    parquet::PageReader* pages, const parquet::ColumnDescriptor& column,
    const parquet::ColumnChunkMetaData& chunk, const std::shared_ptr<arrow::DataType>& type,
    const RowSelection& selection, bool keep_dictionary, arrow::MemoryPool* pool);

}  // namespace headrace::datasource
