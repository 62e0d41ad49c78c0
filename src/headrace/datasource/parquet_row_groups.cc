// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_row_groups.h"

#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/io/caching.h>
#include <arrow/io/file.h>
#include <arrow/table.h>
#include <arrow/util/future.h>
#include <parquet/file_reader.h>
#include <parquet/properties.h>
#include <sys/mman.h>
#include <unistd.h>

#include <numeric>

#include "headrace/datasource/flat_column.h"
#include "headrace/datasource/parquet_page_index.h"

namespace headrace::datasource {

Result<std::shared_ptr<arrow::Array>> JoinChunks(const arrow::ArrayVector& chunks,
                                                 const std::shared_ptr<arrow::DataType>& type,
                                                 arrow::MemoryPool* pool) {
  if (chunks.size() == 1) return chunks.front();
  if (chunks.empty()) return arrow::MakeEmptyArray(type, pool);
  return arrow::Concatenate(chunks, pool);
}

bool IsFlatField(const ParquetFooter& footer, int row_group, int field) {
  const auto [leaf, end] = footer.leaves[field];
  return end == leaf + 1 && !footer.metadata->is_encryption_algorithm_set() &&
         CanDecodeFlat(*footer.metadata->schema()->Column(leaf),
                       *footer.metadata->RowGroup(row_group)->ColumnChunk(leaf),
                       *footer.schema->field(field)->type());
}

std::string ParquetRowGroups::Where(int row_group) const {
  return path_ + ": row group " + std::to_string(row_group);
}

Result<std::unique_ptr<ParquetRowGroups>> ParquetRowGroups::Open(
    const ParquetFiles& files, int file, arrow::MemoryPool* pool,
    const std::atomic<bool>* cancelled) {
  std::unique_ptr<ParquetRowGroups> groups(new ParquetRowGroups);
  groups->path_ = files.path(file);
  groups->pool_ = pool;
  groups->is_local_ = files.is_local(file);
  ARROW_ASSIGN_OR_RAISE(groups->footer_, files.Footer(file));
  ARROW_ASSIGN_OR_RAISE(groups->source_, files.Open(file, cancelled));
  ARROW_RETURN_NOT_OK(CallParquet(groups->path_, [&] {
    groups->reader_ = groups->MakeReader();
    return Status::OK();
  }));
  return groups;
}

std::unique_ptr<parquet::ParquetFileReader> ParquetRowGroups::MakeReader() const {
  return parquet::ParquetFileReader::Open(source_, parquet::ReaderProperties(pool_),
                                          footer_->metadata);
}

int64_t ParquetRowGroups::FirstRow(int row_group) const {
  int64_t first = 0;
  for (int i = 0; i < row_group; ++i) first += footer_->metadata->RowGroup(i)->num_rows();
  return first;
}

Result<RowRanges> ParquetRowGroups::RowsThatCanMatch(int row_group, const Expr& filter) {
  RowRanges rows;
  ARROW_RETURN_NOT_OK(CallParquet(Where(row_group), [&] {
    return datasource::RowsThatCanMatch(filter, reader_.get(), *footer_, row_group, pool_)
        .Value(&rows);
  }));
  return rows;
}

Result<arrow::ArrayVector> ParquetRowGroups::Read(int row_group, const std::vector<int>& fields,
                                                  const RowSelection& selection, bool for_filter) {
  arrow::ArrayVector columns(fields.size());
  if (fields.empty()) return columns;
  ARROW_RETURN_NOT_OK(CallParquet(Where(row_group), [&]() -> Status {
    if (!is_local_) {
      std::vector<int> leaves;
      for (const int field : fields) {
        if (IsFlatField(*footer_, row_group, field)) leaves.push_back(footer_->leaves[field].first);
      }
      if (!leaves.empty()) Fetch(row_group, leaves);
    }
    const auto group = reader_->RowGroup(row_group);
    const auto metadata = footer_->metadata->RowGroup(row_group);
    for (size_t i = 0; i < fields.size(); ++i) {
      const auto [leaf, end] = footer_->leaves[fields[i]];
      const auto& field = *footer_->schema->field(fields[i]);
      if (IsFlatField(*footer_, row_group, fields[i])) {
        FlatColumnReader column(group->GetColumnPageReader(leaf),
                                *footer_->metadata->schema()->Column(leaf),
                                *metadata->ColumnChunk(leaf), field.type(), for_filter, pool_);
        auto decoded = column.Read(0, selection);
        if (!decoded.ok()) {
          return WithPrefix(decoded.status(),
                            Where(row_group) + ", column '" + field.name() + "': ");
        }
        columns[i] = *std::move(decoded);
      } else {
        ARROW_ASSIGN_OR_RAISE(columns[i], ReadByArrow(row_group, fields[i], selection));
      }
      for (int at = leaf; at < end; ++at) ReleaseChunk(*metadata->ColumnChunk(at));
    }
    return Status::OK();
  }));
  return columns;
}

Result<std::shared_ptr<arrow::Array>> ParquetRowGroups::ReadByArrow(int row_group, int field,
                                                                    const RowSelection& selection) {
  const auto [begin, end] = footer_->leaves[field];
  std::vector<int> leaves(end - begin);
  std::iota(leaves.begin(), leaves.end(), begin);
  if (arrow_reader_ == nullptr) {
    parquet::ArrowReaderProperties properties(/*use_threads=*/false);
    properties.set_pre_buffer(!is_local_);
    ARROW_ASSIGN_OR_RAISE(arrow_reader_,
                          parquet::arrow::FileReader::Make(pool_, MakeReader(), properties));
  }
  ARROW_ASSIGN_OR_RAISE(const auto table, arrow_reader_->ReadRowGroup(row_group, leaves));
  if (table->num_rows() != selection.num_rows) {
    return Status::Invalid("expected ", selection.num_rows, " rows, found ", table->num_rows());
  }
  const auto& column = *table->column(0);
  ARROW_ASSIGN_OR_RAISE(auto joined, JoinChunks(column.chunks(), column.type(), pool_));
  return TakeRows(joined, selection, pool_);
}

void ParquetRowGroups::Fetch(int row_group, const std::vector<int>& leaves) {
  auto& file = *reader_;
  file.PreBuffer({row_group}, leaves, arrow::io::IOContext(pool_),
                 arrow::io::CacheOptions::Defaults());
  // A failure is met again, and named, by whoever reads the chunk.
  file.WhenBuffered({row_group}, leaves).Wait();
}

void ParquetRowGroups::ReleaseChunk(const parquet::ColumnChunkMetaData& chunk) const {
  const auto* mapped = dynamic_cast<const arrow::io::MemoryMappedFile*>(source_.get());
  if (mapped == nullptr) return;
  int64_t begin = chunk.data_page_offset();
  if (chunk.has_dictionary_page() && chunk.dictionary_page_offset() > 0) {
    begin = std::min(begin, chunk.dictionary_page_offset());
  }
  const auto view = source_->ReadAt(begin, std::max<int64_t>(0, chunk.total_compressed_size()));
  if (!view.ok()) return;
  // Whole pages only: their neighbours belong to other columns.
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto first = (*view)->address() / page * page;
  const auto last = ((*view)->address() + (*view)->size()) / page * page;
  // A hint: if it is refused, the pages leave when the file is closed.
  if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
}

}  // namespace headrace::datasource
