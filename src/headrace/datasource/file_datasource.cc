// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_datasource.h"

#include <arrow/buffer_builder.h>
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/log.h"
#include "headrace/base/wire.h"
#include "headrace/datasource/block_shaper.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/parquet_tasks.h"
#include "headrace/io/listing.h"

namespace headrace::datasource {
namespace {

constexpr int64_t kReadBytes = 1 << 20;

/// The files of one task, one after the other.
class FilesReader final : public BlockReader {
 public:
  FilesReader(std::shared_ptr<const FileDatasource> source, std::vector<int> wanted,
              const ReadOptions& options)
      : source_(std::move(source)), wanted_(std::move(wanted)), options_(options) {}

  Result<std::optional<Block>> Next() override {
    while (next_ < wanted_.size() || reader_ != nullptr) {
      if (options_.cancelled != nullptr && *options_.cancelled) {
        return Status::Cancelled("read cancelled");
      }
      auto block = NextOfFile();
      if (block.ok()) {
        if (*block) return block;
        reader_.reset();
        continue;
      }
      reader_.reset();
      const Status status = block.status().message().find(path_) == std::string::npos
                                ? WithPrefix(block.status(), path_ + ": ")
                                : block.status();
      if (options_.max_errored_files >= 0 && errored_ >= options_.max_errored_files) {
        return status;
      }
      ++errored_;
      Log(LogLevel::kWarning, "Left out a file that cannot be read",
          {{"path", path_}, {"error", status.message()}});
    }
    return std::nullopt;
  }

 private:
  Result<std::optional<Block>> NextOfFile() {
    if (reader_ == nullptr) {
      path_ = source_->files().paths[wanted_[next_++]];
      ARROW_ASSIGN_OR_RAISE(columns_, FileColumnsOf(source_->files(), path_));
      ARROW_ASSIGN_OR_RAISE(reader_, source_->OpenFile(path_, options_));
    }
    ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, reader_->Next());
    if (!block) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(block, AppendFileColumns(*block, columns_, options_.pool));
    return block;
  }

  const std::shared_ptr<const FileDatasource> source_;
  const std::vector<int> wanted_;
  const ReadOptions options_;
  size_t next_ = 0;
  int64_t errored_ = 0;
  std::string path_;
  std::vector<FileColumn> columns_;
  std::unique_ptr<BlockReader> reader_;
};

}  // namespace

int64_t FileDatasource::SizeOf(size_t file) const {
  const int64_t bytes = file < files_.sizes.size() ? files_.sizes[file] : 0;
  return static_cast<int64_t>(static_cast<double>(std::max<int64_t>(0, bytes)) * expansion());
}

Result<std::optional<int64_t>> FileDatasource::EstimateBytes() const {
  int64_t bytes = 0;
  for (size_t file = 0; file < files_.paths.size(); ++file) bytes += SizeOf(file);
  return bytes;
}

Result<std::shared_ptr<arrow::Schema>> FileDatasource::Schema() const {
  std::shared_ptr<arrow::Schema> without_rows;  // its types are a guess at most
  for (size_t file = 0; file < files_.paths.size(); ++file) {
    FilesReader reader(shared_from_this(), {static_cast<int>(file)}, ReadOptions{});
    ARROW_ASSIGN_OR_RAISE(const auto block, reader.Next());
    if (block && block->num_rows() > 0) return block->schema();
    if (block && without_rows == nullptr) without_rows = block->schema();
  }
  return without_rows;
}

Result<std::vector<ReadTask>> FileDatasource::PlanReadTasks(
    const ReadParallelism& parallelism) const {
  // A file is packed like a Parquet row group.
  std::vector<RowGroupUnit> units;
  for (size_t file = 0; file < files_.paths.size(); ++file) {
    const int64_t file_bytes = file < files_.sizes.size() ? files_.sizes[file] : 0;
    units.push_back({static_cast<int>(file), 0, 0, SizeOf(file),
                     FileHeapBytes(std::max<int64_t>(0, file_bytes), parallelism)});
  }
  std::vector<ReadTask> tasks;
  for (const PackedTask& packed : PackRowGroups(units, parallelism)) {
    ReadTask task;
    task.payload = packed.task.Serialize();
    task.size_bytes = packed.size_bytes;
    task.heap_bytes = packed.heap_bytes +
                      ShapingHeapBytes(packed.task.num_blocks, -1, packed.size_bytes, parallelism);
    for (const auto& piece : packed.task.pieces) {
      task.input_files.push_back(files_.paths[piece.file]);
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<std::unique_ptr<BlockReader>> FileDatasource::Open(const ReadTask& task,
                                                          const ReadOptions& options) const {
  ARROW_ASSIGN_OR_RAISE(const ParquetTask packed, ParquetTask::Deserialize(task.payload));
  std::vector<int> wanted;
  for (const auto& piece : packed.pieces) {
    if (piece.file < 0 || piece.file >= static_cast<int>(files_.paths.size())) {
      return Status::IndexError("no such file: ", piece.file);
    }
    wanted.push_back(piece.file);
  }
  return ShapeBlocks(std::make_unique<FilesReader>(shared_from_this(), std::move(wanted), options),
                     MakeBlockShape(packed.num_blocks, -1, options));
}

Result<std::shared_ptr<arrow::Buffer>> ReadWholeFile(const std::string& path, bool decompress,
                                                     arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(const auto stream, io::OpenStream(path, decompress));
  arrow::BufferBuilder bytes(pool);
  // The size of the file, where it is that of the content: growing would hold it twice.
  if (auto* file = dynamic_cast<arrow::io::RandomAccessFile*>(stream.get())) {
    ARROW_ASSIGN_OR_RAISE(const int64_t size, file->GetSize());
    ARROW_RETURN_NOT_OK(bytes.Reserve(size + 1));  // and one to see that it ends there
  }
  while (true) {
    if (bytes.capacity() == bytes.length()) ARROW_RETURN_NOT_OK(bytes.Reserve(kReadBytes));
    const int64_t room = bytes.capacity() - bytes.length();
    ARROW_ASSIGN_OR_RAISE(const int64_t size,
                          stream->Read(room, bytes.mutable_data() + bytes.length()));
    if (size == 0) break;
    bytes.UnsafeAdvance(size);
  }
  return bytes.Finish();
}

}  // namespace headrace::datasource
