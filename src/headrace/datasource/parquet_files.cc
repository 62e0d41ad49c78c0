// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_files.h"

#include <arrow/io/file.h>
#include <arrow/util/key_value_metadata.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "headrace/io/listing.h"

namespace headrace::datasource {
namespace {

// A footer of a local file takes microseconds: starting a thread pays only for dozens of them.
constexpr int kFilesPerFooterThread = 16;
constexpr int kMaxFooterThreads = 8;

std::string ArrowSchemaText(const parquet::FileMetaData& metadata) {
  if (metadata.key_value_metadata() == nullptr) return {};
  return metadata.key_value_metadata()->Get("ARROW:schema").ValueOr("");
}

}  // namespace

Status CallParquet(const std::string& where, const std::function<Status()>& fn) {
  Status status = CatchAsStatus(where, fn);
  if (status.ok()) return status;
  if (status.IsUnknownError()) return Status::IOError(status.message());
  return status.message().find(where) == std::string::npos ? WithPrefix(status, where + ": ")
                                                           : status;
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> ParquetFiles::Open(int file) const {
  const std::string& path = paths_[file];
  if (path.starts_with('/')) {
    auto mapped = arrow::io::MemoryMappedFile::Open(path, arrow::io::FileMode::READ);
    if (mapped.ok()) return *mapped;
  }
  return io::OpenFile(path);
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
  ARROW_ASSIGN_OR_RAISE(const auto source, Open(file));
  ARROW_RETURN_NOT_OK(CallParquet(paths_[file], [&] {
    footer->metadata = parquet::ReadMetaData(source);
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
  const std::unique_lock lock(mutex_);
  footers_[file] = footer;
  latest_ = footer;
  return footer;
}

Result<std::vector<std::shared_ptr<const ParquetFooter>>> ParquetFiles::AllFooters() const {
  std::vector<std::shared_ptr<const ParquetFooter>> footers(num_files());
  std::vector<Status> failures(num_files());
  std::atomic<int> next{0};
  std::atomic<bool> failed{false};
  auto work = [&] {
    for (int file = next++; file < num_files() && !failed; file = next++) {
      auto footer = Footer(file);
      if (footer.ok()) {
        footers[file] = *std::move(footer);
      } else {
        failures[file] = footer.status();
        failed = true;
      }
    }
  };
  const int num_threads = std::clamp(
      num_files() / kFilesPerFooterThread, 1,
      std::min<int>(kMaxFooterThreads, std::max(1u, std::thread::hardware_concurrency())));
  std::vector<std::thread> threads;
  for (int i = 1; i < num_threads; ++i) threads.emplace_back(work);
  work();
  for (auto& thread : threads) thread.join();
  for (const Status& failure : failures) ARROW_RETURN_NOT_OK(failure);
  return footers;
}

}  // namespace headrace::datasource
