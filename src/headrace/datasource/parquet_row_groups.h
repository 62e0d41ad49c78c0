// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <parquet/arrow/reader.h>

#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/row_ranges.h"
#include "headrace/datasource/row_selection.h"

namespace headrace::datasource {

/// One open Parquet file, read row group by row group: for those that fit into a block. One column
/// at a time is open; a local file is mapped, and what was read of it leaves the process again. One
/// thread at a time.
class ParquetRowGroups {
 public:
  /// Opens file number `file`. `files` outlives the reader.
  static Result<std::unique_ptr<ParquetRowGroups>> Open(const ParquetFiles& files, int file,
                                                        arrow::MemoryPool* pool,
                                                        const std::atomic<bool>* cancelled);

  const ParquetFooter& footer() const { return *footer_; }
  const std::shared_ptr<const ParquetFooter>& shared_footer() const { return footer_; }
  const std::string& path() const { return path_; }
  /// Rows of the file before `row_group`.
  int64_t FirstRow(int row_group) const;

  /// Rows of a row group that can satisfy `filter` by the page index of the file.
  Result<RowRanges> RowsThatCanMatch(int row_group, const Expr& filter);

  /// The selected rows of top-level fields of a row group, in the order of `fields`. Where the file
  /// has a dictionary, strings may come as dictionary arrays of the field's type, and with
  /// `for_filter` other types too.
  Result<arrow::ArrayVector> Read(int row_group, const std::vector<int>& fields,
                                  const RowSelection& selection, bool for_filter);

 private:
  ParquetRowGroups() = default;
  std::string Where(int row_group) const;
  std::unique_ptr<parquet::ParquetFileReader> MakeReader() const;
  Result<std::shared_ptr<arrow::Array>> ReadByArrow(int row_group, int field,
                                                    const RowSelection& selection);
  /// Fetches the chunks of `leaves`, neighbours in one request, several requests at a time. Remote
  /// files only: there, one request after the other would wait for a round trip each.
  void Fetch(int row_group, const std::vector<int>& leaves);
  /// Takes the pages of a column chunk out of the memory of the process; they stay in the cache of
  /// the system.
  void ReleaseChunk(const parquet::ColumnChunkMetaData& chunk) const;

  std::string path_;
  bool is_local_ = true;
  std::shared_ptr<const ParquetFooter> footer_;
  std::shared_ptr<arrow::io::RandomAccessFile> source_;
  std::unique_ptr<parquet::ParquetFileReader> reader_;
  // For fields that are not flat, when there are any; has a reader of its own.
  std::unique_ptr<parquet::arrow::FileReader> arrow_reader_;
  arrow::MemoryPool* pool_ = nullptr;
};

/// True when FlatColumnReader can read the field's chunk.
bool IsFlatField(const ParquetFooter& footer, int row_group, int field);

/// The chunks of a column in one array.
Result<std::shared_ptr<arrow::Array>> JoinChunks(const arrow::ArrayVector& chunks,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 arrow::MemoryPool* pool);

}  // namespace headrace::datasource
