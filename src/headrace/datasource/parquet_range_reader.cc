// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_range_reader.h"

#include <arrow/record_batch.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include <algorithm>
#include <numeric>

#include "headrace/datasource/parquet_memory.h"
#include "headrace/datasource/parquet_row_groups.h"

namespace headrace::datasource {
namespace {

// Stream buffer of a column. Pages that are larger are read without it, so it serves headers and
// small pages; a remote file is asked for more at a time because every question costs a round trip.
constexpr int64_t kLeastBuffer = 8 << 10;
constexpr int64_t kLocalBuffer = 64 << 10;
constexpr int64_t kRemoteBuffer = 4 << 20;

}  // namespace

Result<std::unique_ptr<ParquetRangeReader>> ParquetRangeReader::Open(
    const ParquetFiles& files, int file, std::shared_ptr<const ParquetFooter> footer, int row_group,
    const std::vector<int>& fields, const Options& options) {
  std::unique_ptr<ParquetRangeReader> reader(new ParquetRangeReader);
  reader->path_ = files.path(file);
  reader->footer_ = std::move(footer);
  reader->row_group_ = row_group;
  reader->options_ = options;
  int64_t open_bytes = 0;
  for (const int field : fields) {
    open_bytes += OpenColumnBytes(*reader->footer_, row_group, field);
    reader->stays_open_[field] = open_bytes <= options.open_columns_limit;
  }
  // A map would keep what was read in the memory of the process until the file is closed.
  ARROW_ASSIGN_OR_RAISE(auto source, files.OpenUnmapped(file, options.cancelled));
  ARROW_RETURN_NOT_OK(CallParquet(reader->Where(), [&] {
    parquet::ReaderProperties stream(options.pool);
    stream.enable_buffered_stream();
    const auto num_fields = static_cast<int64_t>(std::max<size_t>(1, fields.size()));
    stream.set_buffer_size(std::clamp(options.buffer_bytes / num_fields, kLeastBuffer,
                                      files.is_local(file) ? kLocalBuffer : kRemoteBuffer));
    auto file_reader =
        parquet::ParquetFileReader::Open(std::move(source), stream, reader->footer_->metadata);
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    properties.set_batch_size(std::max<int64_t>(1, options.range_rows));
    ARROW_RETURN_NOT_OK(
        parquet::arrow::FileReader::Make(options.pool, std::move(file_reader), properties)
            .Value(&reader->reader_));
    reader->group_ = reader->reader_->parquet_reader()->RowGroup(row_group);
    return Status::OK();
  }));
  return reader;
}

Result<arrow::ArrayVector> ParquetRangeReader::Read(const std::vector<int>& fields,
                                                    int64_t first_row,
                                                    const RowSelection& selection,
                                                    bool for_filter) {
  arrow::ArrayVector columns(fields.size());
  ARROW_RETURN_NOT_OK(CallParquet(Where(), [&]() -> Status {
    for (size_t i = 0; i < fields.size(); ++i) {
      auto column = IsFlatField(*footer_, row_group_, fields[i])
                        ? ReadFlat(fields[i], first_row, selection, for_filter)
                        : ReadByArrow(fields[i], first_row, selection);
      if (!column.ok()) {
        return WithPrefix(column.status(), Where() + ", column '" +
                                               footer_->schema->field(fields[i])->name() +
                                               "', rows from " + std::to_string(first_row) + ": ");
      }
      columns[i] = *std::move(column);
    }
    return Status::OK();
  }));
  return columns;
}

std::unique_ptr<FlatColumnReader> ParquetRangeReader::OpenFlat(int field, bool for_filter) {
  const int leaf = footer_->leaves[field].first;
  return std::make_unique<FlatColumnReader>(
      group_->GetColumnPageReader(leaf), *footer_->metadata->schema()->Column(leaf),
      *footer_->metadata->RowGroup(row_group_)->ColumnChunk(leaf),
      footer_->schema->field(field)->type(), for_filter, options_.pool);
}

Result<std::shared_ptr<arrow::Array>> ParquetRangeReader::ReadFlat(int field, int64_t first_row,
                                                                   const RowSelection& selection,
                                                                   bool for_filter) {
  if (!stays_open_[field]) return OpenFlat(field, for_filter)->Read(first_row, selection);
  auto& column = flat_[field];
  if (column == nullptr) column = OpenFlat(field, for_filter);
  return column->Read(first_row, selection);
}

Result<std::shared_ptr<arrow::Array>> ParquetRangeReader::ReadByArrow(
    int field, int64_t first_row, const RowSelection& selection) {
  const auto& type = footer_->schema->field(field)->type();
  ArrowColumn& column = by_arrow_[field];
  if (column.batches == nullptr) {
    const auto [begin, end] = footer_->leaves[field];
    std::vector<int> leaves(end - begin);
    std::iota(leaves.begin(), leaves.end(), begin);
    ARROW_RETURN_NOT_OK(reader_->GetRecordBatchReader({row_group_}, leaves).Value(&column.batches));
  }
  arrow::ArrayVector parts;
  int64_t at = first_row;
  const int64_t end = first_row + selection.num_rows;
  while (at < end) {
    if (column.rest == nullptr || column.rest->length() == 0) {
      std::shared_ptr<arrow::RecordBatch> batch;
      ARROW_RETURN_NOT_OK(column.batches->ReadNext(&batch));
      if (batch == nullptr) {
        return Status::Invalid("expected ", end - at, " rows more, found none");
      }
      column.rest = batch->column(0);
      continue;
    }
    // Rows before the range: nobody wanted them.
    const int64_t skipped = std::min(column.rest->length(), at - column.next_row);
    const int64_t taken =
        std::min(column.rest->length() - skipped, end - column.next_row - skipped);
    if (taken > 0) parts.push_back(column.rest->Slice(skipped, taken));
    at += std::max<int64_t>(0, taken);
    column.next_row += skipped + std::max<int64_t>(0, taken);
    column.rest = column.rest->Slice(skipped + std::max<int64_t>(0, taken));
    if (column.rest->length() == 0) column.rest.reset();
  }
  ARROW_ASSIGN_OR_RAISE(auto joined, JoinChunks(parts, type, options_.pool));
  return TakeRows(joined, selection, options_.pool);
}

}  // namespace headrace::datasource
