// SPDX-License-Identifier: Apache-2.0
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include "fuzz/input.h"
#include "headrace/datasource/flat_column.h"

using namespace headrace;              // NOLINT
using namespace headrace::datasource;  // NOLINT

namespace {

// Rows that a footer may claim here: results are made before pages are read.
constexpr int64_t kMaxRows = 1 << 16;

Status ReadFlatColumns(std::shared_ptr<arrow::io::RandomAccessFile> file) {
  const auto reader = parquet::ParquetFileReader::Open(std::move(file));
  const auto metadata = reader->metadata();
  std::shared_ptr<arrow::Schema> schema;
  ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(
      metadata->schema(), parquet::default_arrow_reader_properties(), nullptr, &schema));
  // Without nesting, fields are leaves.
  if (schema->num_fields() != metadata->num_columns()) return Status::OK();
  for (int group = 0; group < metadata->num_row_groups(); ++group) {
    const auto group_metadata = metadata->RowGroup(group);
    RowSelection rows;
    rows.num_rows = group_metadata->num_rows();
    if (rows.num_rows < 0 || rows.num_rows > kMaxRows) continue;
    for (int i = 0; i < metadata->num_columns(); ++i) {
      const auto& type = schema->field(i)->type();
      const auto chunk = group_metadata->ColumnChunk(i);
      const auto& column = *metadata->schema()->Column(i);
      if (!CanDecodeFlat(column, *chunk, *type)) continue;
      FlatColumnReader flat(reader->RowGroup(group)->GetColumnPageReader(i), column, *chunk, type,
                            /*keep_dictionary=*/false, arrow::default_memory_pool());
      const auto array = flat.Read(0, rows);
      if (!array.ok()) continue;
      fuzz::Require((*array)->length() == rows.num_rows, "another number of rows");
      const Status valid = (*array)->Validate();
      fuzz::Require(valid.ok(), valid.ToString());
    }
  }
  return Status::OK();
}

}  // namespace

/// The columns of a Parquet file that our decoder reads. What parquet-cpp throws is an answer.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Status read =
      CatchAsStatus("fuzz", [&] { return ReadFlatColumns(fuzz::Stream(data, size)); });
  (void)read.ok();
  return 0;
}
