// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/arrow/reader.h>

#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// One open Parquet file. One thread at a time.
class ParquetRowGroups {
 public:
  /// Opens file number `file`. `files` outlives the reader.
  static Result<std::unique_ptr<ParquetRowGroups>> Open(const ParquetFiles& files, int file,
                                                        arrow::MemoryPool* pool);

  const ParquetFooter& footer() const { return *footer_; }
  const std::string& path() const { return path_; }
  /// Rows of the file before `row_group`.
  int64_t FirstRow(int row_group) const;

  /// The selected rows of top-level fields of a row group, in the order of `fields`. Where the file
  /// has a dictionary, strings may come as dictionary arrays of the field's type, and with
  /// `for_filter` other types too.
  Result<arrow::ArrayVector> Read(int row_group, const std::vector<int>& fields,
                                  const RowSelection& selection, bool for_filter);

  /// The row group in batches of `batch_rows`, for row groups that are too large to be read at once
  /// or of which few rows are wanted. Columns stand in the order of `fields`.
  Result<std::unique_ptr<arrow::RecordBatchReader>> Stream(int row_group,
                                                           const std::vector<int>& fields,
                                                           int64_t batch_rows);

 private:
  ParquetRowGroups() = default;
  std::string Where(int row_group) const;
  std::vector<int> Leaves(const std::vector<int>& fields) const;

  std::string path_;
  std::shared_ptr<const ParquetFooter> footer_;
  std::unique_ptr<parquet::arrow::FileReader> reader_;
  arrow::MemoryPool* pool_ = nullptr;
};

}  // namespace headrace::datasource
