// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/buffer.h>
#include <arrow/io/interfaces.h>
#include <arrow/type.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/datasource.h"
#include "headrace/datasource/csv_fields.h"
#include "headrace/datasource/csv_values.h"
#include "headrace/datasource/file_options.h"

namespace headrace::datasource {

/// The rows of one CSV file, as Arrow's streaming reader gives them: one block per piece of text,
/// whose types are those of the first piece that has rows. Knows the common options (Supports);
/// Arrow's reader does the rest (docs/design/0009-text-formats.md). One thread.
class CsvReader final : public BlockReader {
 public:
  static bool Supports(const CsvReadOptions& options);

  /// `options` and `columns` outlive the reader. `piece_bytes` of text are parsed at a time, more
  /// only where a row is longer (up to options.block_size). With `range`, lines of the same file
  /// (OpenLineRange), those are read, and `stream` gives their names and types.
  CsvReader(const CsvReadOptions& options, const CsvColumns& columns,
            std::shared_ptr<arrow::io::InputStream> stream,
            std::shared_ptr<arrow::io::InputStream> range, int64_t piece_bytes,
            arrow::MemoryPool* pool);

  Result<std::optional<Block>> Next() override;

 private:
  /// A column that is wanted.
  struct Target {
    int column;  // in the file
    std::string name;
    std::shared_ptr<arrow::DataType> type;  // nullptr: not known yet
  };

  /// Finds the columns; false when the file is empty.
  Result<bool> ReadHeader();
  /// Finds the types of all columns, too, and goes on in the range.
  Status GoToRange();
  Status ChooseColumns(const std::vector<std::string>& names);
  /// Makes piece_ whole lines, the next ones; false at the end.
  Result<bool> NextPiece();
  /// The next pieces with rows; false at the end.
  Result<bool> NextRows();
  /// Reads until the buffer is full, or has a line at least.
  Status FillBuffer();
  Result<Block> MakeBlock();

  const CsvReadOptions& options_;
  const CsvColumns& columns_;
  std::shared_ptr<arrow::io::InputStream> stream_;
  std::shared_ptr<arrow::io::InputStream> range_;  // nullptr: the whole file, or already in it
  const int64_t piece_bytes_;
  arrow::MemoryPool* const pool_;

  std::unique_ptr<arrow::ResizableBuffer> buffer_;
  int64_t filled_ = 0;  // bytes of the buffer that are text
  int64_t used_ = 0;    // of those, bytes of lines that have been given out
  bool file_ended_ = false;
  std::string_view piece_;  // in the buffer

  CsvFields fields_;
  int num_columns_ = 0;  // of the file; 0: the header has not been read
  std::vector<Target> targets_;
  std::shared_ptr<arrow::Schema> schema_;  // nullptr: no row has been seen
  int64_t rows_given_ = 0;
  bool gave_block_ = false;
};

}  // namespace headrace::datasource
