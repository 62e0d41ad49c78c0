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

/// True when the column has no nesting and a type that is stored as one of the above.
bool IsFlatType(const parquet::ColumnDescriptor& column, const arrow::DataType& type);

/// True when FlatColumnReader can read the chunk as `type`.
bool CanDecodeFlat(const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, const arrow::DataType& type);

/// Reads a chunk, range of rows after range of rows; between two of them it holds one page and the
/// dictionary. One thread at a time.
class FlatColumnReader {
 public:
  /// `pages` is at the start of `chunk`. Strings, and with `keep_dictionary` any type, come as
  /// dictionary arrays (int32 indices) when all pages are dictionary-encoded.
  FlatColumnReader(std::unique_ptr<parquet::PageReader> pages,
                   const parquet::ColumnDescriptor& column,
                   const parquet::ColumnChunkMetaData& chunk, std::shared_ptr<arrow::DataType> type,
                   bool keep_dictionary, arrow::MemoryPool* pool);
  ~FlatColumnReader();

  /// The selected rows of [first_row, first_row + selection.num_rows), counted in the chunk. Ranges
  /// have to ascend; pages between them are not decompressed. May throw what parquet-cpp throws.
  Result<std::shared_ptr<arrow::Array>> Read(int64_t first_row, const RowSelection& selection);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace headrace::datasource
