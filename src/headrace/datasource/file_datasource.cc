// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/file_datasource.h"

#include <arrow/buffer_builder.h>
#include <arrow/io/interfaces.h>
#include <arrow/util/utf8.h>

#include <algorithm>

#include "headrace/base/log.h"
#include "headrace/base/wire.h"
#include "headrace/datasource/block_shaper.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/parquet_tasks.h"
#include "headrace/io/open_file.h"

namespace headrace::datasource {
namespace {

constexpr int64_t kReadBytes = 1 << 20;

// A range costs the parsing of what stands first in its file once more, for the types; and what is
// cut finer than this does not run sooner.
constexpr int64_t kLeastCutBytes = 1 << 20;

// Stands for the number of a piece.
constexpr int kUncut = -1;

/// A file, or a range of it.
struct WantedFile {
  int file = 0;
  std::optional<ByteRange> range;
};

Status CheckNames(const arrow::Schema& schema) {
  arrow::util::InitializeUTF8();
  for (int i = 0; i < schema.num_fields(); ++i) {
    const std::string& name = schema.field(i)->name();
    if (!arrow::util::ValidateUTF8(name)) {
      return Status::Invalid("the name of column ", i, " is no UTF-8 text: '", name, "'");
    }
  }
  return Status::OK();
}

/// The files of one task, one after the other.
class FilesReader final : public BlockReader {
 public:
  FilesReader(std::shared_ptr<const FileDatasource> source, std::vector<WantedFile> wanted,
              const ReadOptions& options)
      : source_(std::move(source)), wanted_(std::move(wanted)), options_(options) {}

  Result<std::optional<Block>> Next() override {
    while (next_ < wanted_.size() || reader_ != nullptr) {
      if (options_.cancelled != nullptr && *options_.cancelled) {
        return Status::Cancelled("read cancelled");
      }
      std::optional<Block> block;
      const Status read =
          CatchAsStatus("reading", [&]() -> Status { return NextOfFile().Value(&block); });
      if (read.ok()) {
        if (block) return block;
        reader_.reset();
        continue;
      }
      reader_.reset();
      const Status status =
          read.message().find(path_) == std::string::npos ? WithPrefix(read, Where() + ": ") : read;
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
  /// The current file for messages. Rows are counted from the begin of a range.
  std::string Where() const {
    const auto& range = wanted_[next_ - 1].range;
    if (!range || range->begin == 0) return path_;
    return path_ + ": from byte " + std::to_string(range->begin);
  }

  Result<std::optional<Block>> NextOfFile() {
    if (reader_ == nullptr) {
      const WantedFile& wanted = wanted_[next_++];
      path_ = source_->files().paths[wanted.file];
      ARROW_ASSIGN_OR_RAISE(columns_, FileColumnsOf(source_->files(), path_));
      ARROW_ASSIGN_OR_RAISE(reader_, wanted.range
                                         ? source_->OpenRange(path_, *wanted.range, options_)
                                         : source_->OpenFile(path_, options_));
    }
    ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, reader_->Next());
    if (!block) return std::nullopt;
    if (block->schema() != named_) {
      ARROW_RETURN_NOT_OK(CheckNames(*block->schema()));
      named_ = block->schema();
    }
    ARROW_ASSIGN_OR_RAISE(block, AppendFileColumns(*block, columns_, options_.pool));
    return block;
  }

  const std::shared_ptr<const FileDatasource> source_;
  const std::vector<WantedFile> wanted_;
  const ReadOptions options_;
  size_t next_ = 0;
  int64_t errored_ = 0;
  std::string path_;
  std::vector<FileColumn> columns_;
  std::unique_ptr<BlockReader> reader_;
  std::shared_ptr<arrow::Schema> named_;  // whose names are known to be text
};

}  // namespace

Result<std::unique_ptr<BlockReader>> FileDatasource::OpenRange(const std::string& path,
                                                               const ByteRange&,
                                                               const ReadOptions&) const {
  return Status::NotImplemented(name(), " of a part of ", path);
}

int64_t FileDatasource::DiskBytes(size_t file) const {
  return file < files().sizes.size() ? std::max<int64_t>(0, files().sizes[file]) : 0;
}

int64_t FileDatasource::SizeOf(size_t file) const {
  return static_cast<int64_t>(static_cast<double>(DiskBytes(file)) * expansion());
}

int64_t FileDatasource::CutBytes(const ReadParallelism& parallelism) const {
  int64_t bytes = 0;
  for (size_t file = 0; file < files().paths.size(); ++file) bytes += DiskBytes(file);
  const auto in_memory = static_cast<int64_t>(static_cast<double>(bytes) * expansion());
  const int64_t tasks = std::max<int64_t>(1, WantedTasks(in_memory, parallelism));
  // Half a block of text at most: what a reader parses at once.
  const int64_t most =
      parallelism.target_max_block_size > 0 ? parallelism.target_max_block_size / 2 : INT64_MAX / 2;
  return std::max(kLeastCutBytes, std::min(bytes / tasks, most));
}

Result<std::optional<int64_t>> FileDatasource::CountRows() const {
  if (files().listing != nullptr) return std::nullopt;
  return CountFileRows();
}

Result<std::optional<int64_t>> FileDatasource::EstimateBytes() const {
  if (files().listing != nullptr) return std::nullopt;
  int64_t bytes = 0;
  for (size_t file = 0; file < files().paths.size(); ++file) bytes += SizeOf(file);
  return bytes;
}

Result<std::shared_ptr<arrow::Schema>> FileDatasource::SchemaOfHeader() const {
  if (files().paths.empty()) return nullptr;
  const std::string& path = files().paths.front();
  const auto header = HeaderSchema(path);
  // What is wrong with a file is told, or passed over, by reading it.
  if (!header.ok() || *header == nullptr || !CheckNames(**header).ok()) return nullptr;
  ARROW_ASSIGN_OR_RAISE(const auto columns, FileColumnsOf(files(), path));
  ARROW_ASSIGN_OR_RAISE(auto empty, arrow::RecordBatch::MakeEmpty(*header));
  ARROW_ASSIGN_OR_RAISE(const Block block, AppendFileColumns(Block(std::move(empty)), columns,
                                                             arrow::default_memory_pool()));
  return block.schema();
}

Result<std::shared_ptr<arrow::Schema>> FileDatasource::Schema() const {
  ARROW_ASSIGN_OR_RAISE(auto of_header, SchemaOfHeader());
  if (of_header != nullptr) return of_header;
  std::shared_ptr<arrow::Schema> without_rows;  // its types are a guess at most
  for (size_t file = 0; file < files().paths.size(); ++file) {
    FilesReader reader(shared_from_this(), {{static_cast<int>(file), std::nullopt}}, ReadOptions{});
    ARROW_ASSIGN_OR_RAISE(const auto block, reader.Next());
    if (block && block->num_rows() > 0) return block->schema();
    if (block && without_rows == nullptr) without_rows = block->schema();
  }
  return without_rows;
}

Result<std::vector<ReadTask>> FileDatasource::PlanReadTasks(
    const ReadParallelism& parallelism) const {
  // A file is packed like a Parquet file of one row group, or of one per piece that it is cut into.
  const int64_t cut_bytes = CutBytes(parallelism);
  std::vector<RowGroupUnit> units;
  for (size_t file = 0; file < files().paths.size(); ++file) {
    const int64_t bytes = DiskBytes(file);
    int64_t heap_bytes = FileHeapBytes(bytes, parallelism);
    if (!files().access.LocalPath(files().paths[file])) heap_bytes += io::kRemoteReadBytes;
    const bool cut =
        bytes > cut_bytes + cut_bytes / 2 && CanCut(files().paths[file], bytes, parallelism);
    if (!cut) {
      units.push_back({static_cast<int>(file), kUncut, 0, SizeOf(file), heap_bytes});
      continue;
    }
    // A rest of less than half a piece belongs to the one before.
    const int64_t pieces = (bytes + cut_bytes / 2) / cut_bytes;
    for (int64_t piece = 0; piece < pieces; ++piece) {
      units.push_back(
          {static_cast<int>(file), static_cast<int>(piece), 0, SizeOf(file) / pieces, heap_bytes});
    }
  }
  std::vector<ReadTask> tasks;
  for (const PackedTask& packed : PackRowGroups(units, parallelism)) {
    ReadTask task;
    WireWriter payload;
    payload.I64(cut_bytes);
    payload.Str(packed.task.Serialize());
    task.payload = payload.Take();
    task.size_bytes = packed.size_bytes;
    task.heap_bytes = packed.heap_bytes +
                      ShapingHeapBytes(packed.task.num_blocks, -1, packed.size_bytes, parallelism);
    for (const auto& piece : packed.task.pieces) {
      task.input_files.push_back(files().paths[piece.file]);
    }
    tasks.push_back(std::move(task));
  }
  return tasks;
}

Result<std::unique_ptr<BlockReader>> FileDatasource::Open(const ReadTask& task,
                                                          const ReadOptions& options) const {
  WireReader in(task.payload);
  const int64_t cut_bytes = in.I64();
  const std::string_view payload = in.View();
  ARROW_RETURN_NOT_OK(in.Finish());
  ARROW_ASSIGN_OR_RAISE(const ParquetTask packed, ParquetTask::Deserialize(payload));
  std::vector<WantedFile> wanted;
  for (const auto& piece : packed.pieces) {
    if (piece.file < 0 || piece.file >= static_cast<int>(files().paths.size())) {
      return Status::IndexError("no such file: ", piece.file);
    }
    if (piece.first == kUncut) {
      wanted.push_back({piece.file, std::nullopt});
      continue;
    }
    for (int64_t number = piece.first; number < piece.first + piece.count; ++number) {
      ByteRange range{number * cut_bytes, (number + 1) * cut_bytes};
      // The last piece has the rest.
      if (range.end + cut_bytes / 2 > DiskBytes(piece.file)) range.end = INT64_MAX;
      wanted.push_back({piece.file, range});
    }
  }
  return ShapeBlocks(std::make_unique<FilesReader>(shared_from_this(), std::move(wanted), options),
                     MakeBlockShape(packed.num_blocks, -1, options));
}

Result<std::shared_ptr<arrow::io::InputStream>> FileDatasource::OpenStream(
    const std::string& path, const ReadOptions& options) const {
  return io::OpenStream(
      path, files().access,
      {.decompress = true, .buffer_bytes = options.buffer_bytes, .cancelled = options.cancelled});
}

Result<std::shared_ptr<arrow::io::RandomAccessFile>> FileDatasource::OpenRandomAccess(
    const std::string& path, const ReadOptions& options) const {
  return io::OpenFile(path, files().access, options.cancelled);
}

Result<std::shared_ptr<arrow::Buffer>> ReadWholeFile(const std::string& path,
                                                     const io::FileAccess& access,
                                                     const ReadOptions& options) {
  ARROW_ASSIGN_OR_RAISE(
      const auto stream,
      io::OpenStream(path, access, {.buffer_bytes = 0, .cancelled = options.cancelled}));
  arrow::BufferBuilder bytes(options.pool);
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
