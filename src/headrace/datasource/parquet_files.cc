// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_files.h"

#include <arrow/io/file.h>
#include <arrow/io/memory.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <atomic>
#include <limits>
#include <thread>

#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

// A footer of a local file takes microseconds: starting a thread pays only for dozens of them.
constexpr int kFilesPerFooterThread = 16;
constexpr int kMaxFooterThreads = 8;

// Memory of a parsed footer per byte of its encoding: every column chunk is some objects and
// strings. Measured for 2,000 columns of doubles: 194 bytes encoded each, 900 to 1,800 in memory.
constexpr int64_t kParsedPerEncoded = 8;
// Footers read ahead of the one that is visited, in memory at most.
constexpr int64_t kReadAheadBytes = 8 << 20;
// Of a column chunk. No writer comes near, and sums of estimates stay far from overflow.
constexpr int64_t kMostChunkBytes = int64_t{1} << 40;
constexpr int64_t kMostChunkValues = int64_t{1} << 36;

std::vector<std::pair<int, int>> LeavesOfFields(const parquet::SchemaDescriptor& schema) {
  std::vector<std::pair<int, int>> leaves(schema.group_node()->field_count(), {0, 0});
  // Leaves stand in schema order, so those of one field are neighbours.
  int leaf = 0;
  for (int field = 0; field < static_cast<int>(leaves.size()); ++field) {
    const auto* root = schema.group_node()->field(field).get();
    const int begin = leaf;
    while (leaf < schema.num_columns() && schema.GetColumnRoot(leaf) == root) ++leaf;
    leaves[field] = {begin, leaf};
  }
  return leaves;
}

/// What others compute with: numbers of rows that cannot be true. RowSelection counts the rows of a
/// row group in 32 bits.
Status CheckNumbersOfRows(const parquet::FileMetaData& metadata) {
  int64_t rows = 0;
  for (int i = 0; i < metadata.num_row_groups(); ++i) {
    const int64_t of_group = metadata.RowGroup(i)->num_rows();
    if (of_group < 0 || of_group > std::numeric_limits<int32_t>::max()) {
      return Status::Invalid("the footer says that row group ", i, " has ", of_group, " rows");
    }
    rows += of_group;
  }
  if (rows == metadata.num_rows()) return Status::OK();
  return Status::Invalid("the footer says that the file has ", metadata.num_rows(),
                         " rows and its row groups ", rows);
}

std::string ArrowSchemaText(const parquet::FileMetaData& metadata) {
  if (metadata.key_value_metadata() == nullptr) return {};
  return metadata.key_value_metadata()->Get("ARROW:schema").ValueOr("");
}

}  // namespace

Status CheckColumnChunks(const ParquetFooter& footer, int row_group, int field) {
  const auto group = footer.metadata->RowGroup(row_group);
  const auto [begin, end] = footer.leaves[field];
  for (int leaf = begin; leaf < end; ++leaf) {
    const auto chunk = group->ColumnChunk(leaf);
    const auto& column = *footer.metadata->schema()->Column(leaf);
    const int64_t values = chunk->num_values();
    const int64_t rows = group->num_rows();
    // Lists have any number of values, an empty one counts as one. Elsewhere each row has one.
    const bool is_list = column.max_repetition_level() > 0;
    if (values < rows || values > (is_list ? kMostChunkValues : rows)) {
      return Status::Invalid("the footer says that column '", column.path()->ToDotString(),
                             "' of row group ", row_group, " has ", values, " values, with ", rows,
                             " rows");
    }
    const int64_t bytes =
        std::max(chunk->total_compressed_size(), chunk->total_uncompressed_size());
    if (bytes > kMostChunkBytes) {
      return Status::Invalid("the footer says that column '", column.path()->ToDotString(),
                             "' of row group ", row_group, " takes ", bytes, " bytes");
    }
  }
  return Status::OK();
}

Status CallParquet(const std::string& where, const std::function<Status()>& fn) {
  Status status = CatchAsStatus(where, fn);
  if (status.ok()) return status;
  if (status.IsUnknownError()) return Status::IOError(status.message());
  return status.message().find(where) == std::string::npos ? WithPrefix(status, where + ": ")
                                                           : status;
}

int64_t ParquetFooter::size_bytes() const {
  return kParsedPerEncoded * static_cast<int64_t>(metadata->size());
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> ParquetFiles::Open(
    int file, const std::atomic<bool>* cancelled) const {
  if (is_local(file)) {
    ARROW_ASSIGN_OR_RAISE(const auto unmapped, OpenUnmapped(file));
    ARROW_ASSIGN_OR_RAISE(const int64_t size, unmapped->GetSize());
    if (size <= kReadAtOnceBytes) {
      ARROW_ASSIGN_OR_RAISE(auto bytes, unmapped->ReadAt(0, size));
      return std::make_shared<arrow::io::BufferReader>(std::move(bytes));
    }
    auto mapped = arrow::io::MemoryMappedFile::Open(paths_[file], arrow::io::FileMode::READ);
    if (mapped.ok()) return *mapped;
  }
  return OpenUnmapped(file, cancelled);
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> ParquetFiles::OpenUnmapped(
    int file, const std::atomic<bool>* cancelled) const {
  return io::OpenFile(paths_[file], access_, cancelled);
}

std::shared_ptr<arrow::Schema> ParquetFiles::KnownSchema(
    const parquet::FileMetaData& metadata) const {
  std::shared_ptr<const ParquetFooter> latest;
  {
    const std::unique_lock lock(mutex_);
    latest = latest_;
  }
  if (latest == nullptr || !latest->metadata->schema()->Equals(*metadata.schema())) return nullptr;
  return ArrowSchemaText(*latest->metadata) == ArrowSchemaText(metadata) ? latest->schema : nullptr;
}

Result<std::shared_ptr<const ParquetFooter>> ParquetFiles::ReadFooter(int file) const {
  auto footer = std::make_shared<ParquetFooter>();
  ARROW_ASSIGN_OR_RAISE(const auto source, OpenUnmapped(file));
  ARROW_RETURN_NOT_OK(CallParquet(paths_[file], [&] {
    footer->metadata = parquet::ReadMetaData(source);
    ARROW_RETURN_NOT_OK(CheckNumbersOfRows(*footer->metadata));
    footer->leaves = LeavesOfFields(*footer->metadata->schema());
    footer->schema = KnownSchema(*footer->metadata);
    if (footer->schema != nullptr) return Status::OK();
    std::shared_ptr<arrow::Schema> schema;
    ARROW_RETURN_NOT_OK(parquet::arrow::FromParquetSchema(
        footer->metadata->schema(), parquet::default_arrow_reader_properties(),
        footer->metadata->key_value_metadata(), &schema));
    arrow::FieldVector fields;
    for (const auto& field : schema->fields()) fields.push_back(field->RemoveMetadata());
    footer->schema = arrow::schema(std::move(fields));
    return Status::OK();
  }));
  return footer;
}

Result<std::shared_ptr<const ParquetFooter>> ParquetFiles::Footer(int file) const {
  if (file < 0 || file >= num_files()) return Status::IndexError("no such file: ", file);
  {
    const std::unique_lock lock(mutex_);
    if (footers_[file] != nullptr) return footers_[file];
  }
  ARROW_ASSIGN_OR_RAISE(auto footer, ReadFooter(file));
  Keep(file, footer);
  return footer;
}

void ParquetFiles::Keep(int file, const std::shared_ptr<const ParquetFooter>& footer) const {
  const std::unique_lock lock(mutex_);
  latest_ = footer;
  if (footers_[file] != nullptr) return;
  footers_[file] = footer;
  kept_.push_back(file);
  kept_bytes_ += footer->size_bytes();
  while (kept_bytes_ > kCacheBytes && kept_.size() > 1) {
    kept_bytes_ -= footers_[kept_.front()]->size_bytes();
    footers_[kept_.front()].reset();
    kept_.pop_front();
  }
}

Result<ParquetFiles::Footers> ParquetFiles::ReadFooters(int begin, int end) const {
  Footers footers(end - begin);
  std::vector<Status> failures(end - begin);
  std::atomic<int> next{begin};
  std::atomic<bool> failed{false};
  auto work = [&] {
    for (int file = next++; file < end && !failed; file = next++) {
      auto footer = Footer(file);
      if (footer.ok()) {
        footers[file - begin] = *std::move(footer);
      } else {
        failures[file - begin] = footer.status();
        failed = true;
      }
    }
  };
  const int num_threads = std::clamp(
      (end - begin) / kFilesPerFooterThread, 1,
      std::min<int>(kMaxFooterThreads, std::max(1u, std::thread::hardware_concurrency())));
  std::vector<std::thread> threads;
  for (int i = 1; i < num_threads; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  for (const Status& failure : failures) ARROW_RETURN_NOT_OK(failure);
  return footers;
}

Status ParquetFiles::ForEachFooter(
    const std::function<Status(int file, const ParquetFooter& footer)>& visit) const {
  int begin = 0;
  int count = 1;  // the first one tells how large they are
  while (begin < num_files()) {
    const int end = std::min(num_files(), begin + count);
    ARROW_ASSIGN_OR_RAISE(Footers footers, ReadFooters(begin, end));
    int64_t largest = 1;
    for (int file = begin; file < end; ++file) {
      const auto footer = std::move(footers[file - begin]);
      largest = std::max(largest, footer->size_bytes());
      ARROW_RETURN_NOT_OK(visit(file, *footer));
    }
    begin = end;
    count = static_cast<int>(std::clamp<int64_t>(kReadAheadBytes / largest, 1, 1024));
  }
  return Status::OK();
}

}  // namespace headrace::datasource
