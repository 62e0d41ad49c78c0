// SPDX-License-Identifier: Apache-2.0
#include <arrow/adapters/orc/adapter.h>
#include <arrow/io/interfaces.h>

#include <algorithm>

#include "headrace/base/wire.h"
#include "headrace/datasource/bounded_file.h"
#include "headrace/datasource/column_choice.h"
#include "headrace/datasource/file_datasource.h"
#include "headrace/datasource/table_formats.h"

namespace headrace::datasource {
namespace {

using arrow::adapters::orc::ORCFileReader;

// Rows that are decoded at a time: as many as take about this many bytes of the file, within
// limits.
constexpr int64_t kBytesAtOnce = 1 << 20;
constexpr int64_t kMaxRowsAtOnce = 64 << 10;
// Beside the rows, a stripe's compressed streams are in memory one chunk each.
constexpr int64_t kHeapBytes = 64 << 20;

Result<std::unique_ptr<ORCFileReader>> OpenOrc(const FileDatasource& source,
                                               const std::string& path, const ReadOptions& read) {
  ARROW_ASSIGN_OR_RAISE(auto opened, source.OpenRandomAccess(path, read));
  ARROW_ASSIGN_OR_RAISE(const auto file, BoundReads(std::move(opened)));
  std::unique_ptr<ORCFileReader> reader;
  ARROW_RETURN_NOT_OK(CatchAsStatus(
      "open ORC", [&] { return ORCFileReader::Open(file, read.pool).Value(&reader); }));
  return reader;
}

int64_t RowsAtOnce(ORCFileReader* reader) {
  const int64_t rows = reader->NumberOfRows();
  if (rows <= 0) return 1;
  const int64_t row_bytes = std::max<int64_t>(1, reader->GetContentLength() / rows);
  return std::clamp<int64_t>(kBytesAtOnce / row_bytes, 1, kMaxRowsAtOnce);
}

/// The rows of one file, stripe by stripe and within a stripe batch by batch.
class OrcReader final : public BlockReader {
 public:
  OrcReader(const FileDatasource& source, std::string path, ColumnChoice columns,
            const ReadOptions& read)
      : source_(source), path_(std::move(path)), columns_(std::move(columns)), read_(read) {}

  Result<std::optional<Block>> Next() override {
    if (file_ == nullptr) ARROW_RETURN_NOT_OK(Open());
    std::shared_ptr<arrow::RecordBatch> batch;
    const Status read = CatchAsStatus("read ORC", [&] { return batches_->ReadNext(&batch); });
    if (!read.ok()) return WithPrefix(read, "behind row " + std::to_string(num_rows_) + ": ");
    if (batch == nullptr) {
      // A file without rows still tells its columns.
      if (gave_block_) return std::nullopt;
      ARROW_ASSIGN_OR_RAISE(batch, arrow::RecordBatch::MakeEmpty(batches_->schema()));
    }
    gave_block_ = true;
    num_rows_ += batch->num_rows();
    if (columns_) {
      ARROW_ASSIGN_OR_RAISE(batch, SelectInOrder(*batch, *columns_));
    }
    return Block(batch->ReplaceSchemaMetadata(nullptr));
  }

 private:
  Status Open() {
    ARROW_ASSIGN_OR_RAISE(file_, OpenOrc(source_, path_, read_));
    ARROW_ASSIGN_OR_RAISE(const auto schema, file_->ReadSchema());
    std::vector<std::string> names = schema->field_names();
    if (columns_) {
      ARROW_RETURN_NOT_OK(FieldIndices(*schema, *columns_).status());
      names = *columns_;
    }
    return CatchAsStatus("read ORC", [&] {
      return file_->GetRecordBatchReader(RowsAtOnce(file_.get()), names).Value(&batches_);
    });
  }

  const FileDatasource& source_;
  const std::string path_;
  const ColumnChoice columns_;
  const ReadOptions read_;
  std::unique_ptr<ORCFileReader> file_;
  std::shared_ptr<arrow::RecordBatchReader> batches_;
  int64_t num_rows_ = 0;
  bool gave_block_ = false;
};

class OrcDatasource final : public FileFormat<OrcDatasource, OrcReadOptions> {
 public:
  using FileFormat::FileFormat;

  std::string_view kind() const override { return "orc"; }
  std::string name() const override { return "ReadORC"; }
  // Runs, dictionaries and a codec: as for Parquet, files are a fraction of the rows.
  double expansion() const override { return 4; }

  DatasourcePtr WithColumns(const std::vector<std::string>& columns) const override {
    if (!CanChooseColumns(files(), columns)) return nullptr;
    OrcReadOptions options = options_;
    options.columns = columns;
    return std::make_shared<OrcDatasource>(std::move(options));
  }

  Result<std::optional<int64_t>> CountFileRows() const override {
    int64_t rows = 0;
    for (const std::string& path : files().paths) {
      const auto file = OpenOrc(*this, path, {});
      // What is wrong with a file is told, or passed over, by reading it.
      if (!file.ok()) return std::nullopt;
      rows += (*file)->NumberOfRows();
    }
    return rows;
  }

  Result<std::shared_ptr<arrow::Schema>> HeaderSchema(const std::string& path) const override {
    ARROW_ASSIGN_OR_RAISE(const auto file, OpenOrc(*this, path, {}));
    ARROW_ASSIGN_OR_RAISE(const auto schema, file->ReadSchema());
    return ChosenSchema(*schema, options_.columns);
  }

  Result<std::unique_ptr<BlockReader>> OpenFile(const std::string& path,
                                                const ReadOptions& read) const override {
    return std::make_unique<OrcReader>(*this, path, options_.columns, read);
  }
  int64_t FileHeapBytes(int64_t file_bytes, const ReadParallelism&) const override {
    return std::min(static_cast<int64_t>(static_cast<double>(file_bytes) * (1 + expansion())),
                    kHeapBytes);
  }

  Result<std::string> Serialize() const override {
    WireWriter out;
    options_.files.WriteTo(&out);
    WriteColumns(options_.columns, &out);
    return out.Take();
  }
};

}  // namespace

Result<DatasourcePtr> MakeOrcDatasource(OrcReadOptions options) {
  return std::make_shared<OrcDatasource>(std::move(options));
}

Result<DatasourcePtr> DeserializeOrcDatasource(std::string_view bytes) {
  WireReader in(bytes);
  OrcReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  options.columns = ReadColumns(&in);
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeOrcDatasource(std::move(options));
}

}  // namespace headrace::datasource
