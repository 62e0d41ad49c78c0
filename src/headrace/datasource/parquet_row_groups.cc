// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_row_groups.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/table.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>

#include "headrace/datasource/flat_column.h"
#include "headrace/datasource/parquet_statistics.h"

namespace headrace::datasource {
namespace {

Result<std::shared_ptr<arrow::Array>> JoinChunks(const arrow::ChunkedArray& column,
                                                 arrow::MemoryPool* pool) {
  if (column.num_chunks() == 1) return column.chunk(0);
  if (column.num_chunks() == 0) return arrow::MakeEmptyArray(column.type(), pool);
  return arrow::Concatenate(column.chunks(), pool);
}

}  // namespace

std::string ParquetRowGroups::Where(int row_group) const {
  return path_ + ": row group " + std::to_string(row_group);
}

std::vector<int> ParquetRowGroups::Leaves(const std::vector<int>& fields) const {
  std::vector<int> leaves;
  for (const int field : fields) {
    const auto [begin, end] = LeavesOfField(*footer_->metadata->schema(), field);
    for (int leaf = begin; leaf < end; ++leaf) leaves.push_back(leaf);
  }
  return leaves;
}

Result<std::unique_ptr<ParquetRowGroups>> ParquetRowGroups::Open(const ParquetFiles& files,
                                                                 int file,
                                                                 arrow::MemoryPool* pool) {
  std::unique_ptr<ParquetRowGroups> groups(new ParquetRowGroups);
  groups->path_ = files.path(file);
  groups->pool_ = pool;
  ARROW_ASSIGN_OR_RAISE(groups->footer_, files.Footer(file));
  ARROW_ASSIGN_OR_RAISE(auto source, files.Open(file));
  ARROW_RETURN_NOT_OK(CallParquet(groups->path_, [&] {
    auto file_reader = parquet::ParquetFileReader::Open(
        std::move(source), parquet::ReaderProperties(pool), groups->footer_->metadata);
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(false);
    return parquet::arrow::FileReader::Make(pool, std::move(file_reader), properties)
        .Value(&groups->reader_);
  }));
  return groups;
}

int64_t ParquetRowGroups::FirstRow(int row_group) const {
  int64_t first = 0;
  for (int i = 0; i < row_group; ++i) first += footer_->metadata->RowGroup(i)->num_rows();
  return first;
}

Result<arrow::ArrayVector> ParquetRowGroups::Read(int row_group, const std::vector<int>& fields,
                                                  const RowSelection& selection, bool for_filter) {
  arrow::ArrayVector columns(fields.size());
  if (fields.empty()) return columns;
  ARROW_RETURN_NOT_OK(CallParquet(Where(row_group), [&]() -> Status {
    const auto group = reader_->parquet_reader()->RowGroup(row_group);
    const auto metadata = footer_->metadata->RowGroup(row_group);
    std::vector<int> others;  // what Arrow's own reader has to do
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto [leaf, end] = LeavesOfField(*footer_->metadata->schema(), fields[i]);
      const auto& field = *footer_->schema->field(fields[i]);
      const auto* column = footer_->metadata->schema()->Column(leaf);
      const auto chunk = metadata->ColumnChunk(leaf);
      if (end != leaf + 1 || footer_->metadata->is_encryption_algorithm_set() ||
          !CanDecodeFlat(*column, *chunk, *field.type())) {
        others.push_back(fields[i]);
        continue;
      }
      const auto pages = group->GetColumnPageReader(leaf);
      auto decoded = DecodeFlatColumn(pages.get(), *column, *chunk, field.type(), selection,
                                      for_filter, pool_);
      if (!decoded.ok()) {
        return WithPrefix(decoded.status(), Where(row_group) + ", column '" + field.name() + "': ");
      }
      columns[i] = *std::move(decoded);
    }
    if (others.empty()) return Status::OK();
    ARROW_ASSIGN_OR_RAISE(const auto table, reader_->ReadRowGroup(row_group, Leaves(others)));
    if (table->num_rows() != selection.num_rows) {
      return Status::Invalid("expected ", selection.num_rows, " rows, found ", table->num_rows());
    }
    for (size_t i = 0; i < fields.size(); ++i) {
      if (columns[i] != nullptr) continue;
      const auto column = table->GetColumnByName(footer_->schema->field(fields[i])->name());
      if (column == nullptr) return Status::Invalid("column lost: ", i);
      ARROW_ASSIGN_OR_RAISE(auto joined, JoinChunks(*column, pool_));
      ARROW_ASSIGN_OR_RAISE(columns[i], TakeRows(joined, selection, pool_));
    }
    return Status::OK();
  }));
  return columns;
}

Result<std::unique_ptr<arrow::RecordBatchReader>> ParquetRowGroups::Stream(
    int row_group, const std::vector<int>& fields, int64_t batch_rows) {
  std::unique_ptr<arrow::RecordBatchReader> batches;
  ARROW_RETURN_NOT_OK(CallParquet(Where(row_group), [&] {
    reader_->set_batch_size(batch_rows);
    return reader_->GetRecordBatchReader({row_group}, Leaves(fields)).Value(&batches);
  }));
  return batches;
}

}  // namespace headrace::datasource
