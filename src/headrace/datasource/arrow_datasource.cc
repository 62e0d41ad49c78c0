// SPDX-License-Identifier: Apache-2.0
#include <arrow/io/interfaces.h>
#include <arrow/ipc/dictionary.h>
#include <arrow/ipc/message.h>
#include <arrow/ipc/reader.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/bounded_file.h"
#include "headrace/datasource/column_choice.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/table_formats.h"

namespace headrace::datasource {
namespace {

constexpr std::string_view kFileMagic = "ARROW1";
constexpr std::string_view kFeatherV1Magic = "FEA1";
// What a task expects of one record batch; writers make them of some ten thousand rows.
constexpr int64_t kBatchBytes = 64 << 20;

/// The record batches of one IPC file or stream, one at a time, with the chosen columns.
class RecordBatches {
 public:
  virtual ~RecordBatches() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  /// nullptr at the end.
  virtual Result<std::shared_ptr<arrow::RecordBatch>> Next() = 0;
  /// Rows, if they can be counted without reading columns.
  virtual Result<std::optional<int64_t>> CountRows() { return std::nullopt; }
};

/// The file form: a footer says where the batches are, so that other columns are not read.
class FileBatches final : public RecordBatches {
 public:
  explicit FileBatches(std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader)
      : reader_(std::move(reader)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override {
    if (next_ >= reader_->num_record_batches()) return nullptr;
    return reader_->ReadRecordBatch(next_++);
  }
  Result<std::optional<int64_t>> CountRows() override {
    ARROW_ASSIGN_OR_RAISE(const int64_t rows, reader_->CountRows());
    return rows;
  }

 private:
  const std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
  int next_ = 0;
};

class StreamBatches final : public RecordBatches {
 public:
  explicit StreamBatches(std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader)
      : reader_(std::move(reader)) {}
  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }
  Result<std::shared_ptr<arrow::RecordBatch>> Next() override { return reader_->Next(); }

 private:
  const std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader_;
};

/// Opens `path` in the form that its first bytes tell. `columns` nullopt: all.
Result<std::unique_ptr<RecordBatches>> OpenBatches(
    const FileDatasource& source, const std::string& path,
    const std::optional<std::vector<std::string>>& columns, const ReadOptions& read) {
  ARROW_ASSIGN_OR_RAISE(auto opened, source.OpenRandomAccess(path, read));
  ARROW_ASSIGN_OR_RAISE(const auto file, BoundReads(std::move(opened)));
  ARROW_ASSIGN_OR_RAISE(const auto head, file->ReadAt(0, kFileMagic.size()));
  const std::string_view magic(*head);
  if (magic.empty()) return Status::Invalid("the file is empty");
  if (magic.starts_with(kFeatherV1Magic)) {
    return Status::Invalid(
        "Feather version 1 cannot be read; write it again with pyarrow.feather.write_feather");
  }
  auto options = arrow::ipc::IpcReadOptions::Defaults();
  options.memory_pool = read.pool;
  options.use_threads = false;  // tasks are the parallelism
  const bool is_file = magic == kFileMagic;
  if (columns) {
    // The schema tells which fields the columns are.
    ARROW_ASSIGN_OR_RAISE(const auto all, OpenBatches(source, path, std::nullopt, read));
    ARROW_ASSIGN_OR_RAISE(options.included_fields, FieldIndices(*all->schema(), *columns));
  }
  if (is_file) {
    ARROW_ASSIGN_OR_RAISE(auto reader, arrow::ipc::RecordBatchFileReader::Open(file, options));
    return std::make_unique<FileBatches>(std::move(reader));
  }
  ARROW_RETURN_NOT_OK(file->Seek(0));
  auto reader = arrow::ipc::RecordBatchStreamReader::Open(file, options);
  if (!reader.ok()) {
    return WithPrefix(reader.status(), "no Arrow IPC file, and as a stream it does not begin: ");
  }
  return std::make_unique<StreamBatches>(*std::move(reader));
}

class ArrowReader final : public BlockReader {
 public:
  ArrowReader(const FileDatasource& source, std::string path,
              std::optional<std::vector<std::string>> columns, const ReadOptions& read)
      : source_(source), path_(std::move(path)), columns_(std::move(columns)), read_(read) {}

  Result<std::optional<Block>> Next() override {
    if (batches_ == nullptr) {
      ARROW_ASSIGN_OR_RAISE(batches_, OpenBatches(source_, path_, columns_, read_));
    }
    auto next = batches_->Next();
    if (!next.ok()) return AtBatch(next.status());
    std::shared_ptr<arrow::RecordBatch> batch = *std::move(next);
    if (batch == nullptr) {
      // A file without rows still tells its columns.
      if (number_ > 0) return std::nullopt;
      ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(batches_->schema()));
    }
    // The format has no checksums: an offset that points out of its buffer is found here, before
    // anybody follows it.
    const Status valid = batch->ValidateFull();
    if (!valid.ok()) return AtBatch(valid);
    ++number_;
    if (columns_) {
      ARROW_ASSIGN_OR_RAISE(batch, SelectInOrder(*batch, *columns_));
    }
    return Block(batch->ReplaceSchemaMetadata(nullptr));
  }

 private:
  Status AtBatch(const Status& status) const {
    return WithPrefix(status, "record batch " + std::to_string(number_) + ": ");
  }

  const FileDatasource& source_;
  const std::string path_;
  const std::optional<std::vector<std::string>> columns_;
  const ReadOptions read_;
  std::unique_ptr<RecordBatches> batches_;
  int64_t number_ = 0;
};

class ArrowDatasource final : public FileFormat<ArrowDatasource, ArrowReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "arrow"; }
  std::string name() const override { return "ReadArrow"; }

  DatasourcePtr WithColumns(const std::vector<std::string>& columns) const override {
    if (!CanChooseColumns(files(), columns)) return nullptr;
    ArrowReadOptions options = options_;
    options.columns = columns;
    return std::make_shared<ArrowDatasource>(std::move(options));
  }

  Result<std::optional<int64_t>> CountFileRows() const override {
    int64_t rows = 0;
    for (const std::string& path : files().paths) {
      auto batches = OpenBatches(*this, path, std::nullopt, {});
      // What is wrong with a file is told, or passed over, by reading it.
      if (!batches.ok()) return std::nullopt;
      const auto counted = (*batches)->CountRows();
      if (!counted.ok() || !*counted) return std::nullopt;
      rows += **counted;
    }
    return rows;
  }

  Result<std::shared_ptr<arrow::Schema>> HeaderSchema(const std::string& path) const override {
    ARROW_ASSIGN_OR_RAISE(const auto batches, OpenBatches(*this, path, std::nullopt, {}));
    return ChosenSchema(*batches->schema(), options_.columns);
  }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<ArrowReader>(*this, path, options_.columns, read);
  }
  int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism&) const override {
    return std::min(file_bytes, kBatchBytes);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    WriteColumns(options_.columns, &out);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeArrowDatasource(ArrowReadOptions options) {
  return std::make_shared<ArrowDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeArrowDatasource(std::string_view bytes) {
  WireReader in(bytes);
  ArrowReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.columns = ReadColumns(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeArrowDatasource(std::move(options));
}

}  // namespace headrace::datasource
