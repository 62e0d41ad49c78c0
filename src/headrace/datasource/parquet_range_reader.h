// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/arrow/reader.h>

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/flat_column.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// One row group that is too large for a block, read range of rows by range of rows. Its columns
/// are read page by page through small buffers. Columns stay open from one range to the next as
/// long as their pages take no more than `open_columns_limit` in all; with more (many columns with
/// large pages) the others are opened anew for each range. One thread at a time.
class ParquetRangeReader {
 public:
  struct Options {
    int64_t open_columns_limit = 8 << 20;
    int64_t buffer_bytes = 32 << 20;  // of all columns' streams
    /// Rows that are usually read at a time.
    int64_t range_rows = 1 << 16;
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    const std::atomic<bool>* cancelled = nullptr;
  };

  /// `files` outlives the reader. `fields`: the top-level fields that will be read.
  static Result<std::unique_ptr<ParquetRangeReader>> Open(
      const ParquetFiles& files, int file, std::shared_ptr<const ParquetFooter> footer,
      int row_group, const std::vector<int>& fields, const Options& options);

  /// The selected rows of [first_row, first_row + selection.num_rows) of the row group, in the form
  /// that ParquetRowGroups::Read gives. The ranges of each field have to ascend; a field may be
  /// left out of some.
  Result<arrow::ArrayVector> Read(const std::vector<int>& fields, int64_t first_row,
                                  const RowSelection& selection, bool for_filter);

 private:
  /// A field that Arrow's reader decodes: batches, of which the rest waits for the next range.
  struct ArrowColumn {
    std::unique_ptr<arrow::RecordBatchReader> batches;
    std::shared_ptr<arrow::Array> rest;
    int64_t next_row = 0;  // the first one of `rest`
  };

  ParquetRangeReader() = default;
  std::string Where() const { return path_ + ": row group " + std::to_string(row_group_); }
  std::unique_ptr<FlatColumnReader> OpenFlat(int field, bool for_filter);
  Result<std::shared_ptr<arrow::Array>> ReadFlat(int field, int64_t first_row,
                                                 const RowSelection& selection, bool for_filter);
  Result<std::shared_ptr<arrow::Array>> ReadByArrow(int field, int64_t first_row,
                                                    const RowSelection& selection);

  std::string path_;
  std::shared_ptr<const ParquetFooter> footer_;
  int row_group_ = 0;
  Options options_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  std::shared_ptr<parquet::RowGroupReader> group_;
  std::map<int, bool> stays_open_;  // by field
  std::map<int, std::unique_ptr<FlatColumnReader>> flat_;
  std::map<int, ArrowColumn> by_arrow_;
};

}  // namespace headrace::datasource
