// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_datasource.h"

#include <algorithm>
#include <mutex>

#include "headrace/base/lock_annotations.h"
#include "headrace/base/wire.h"
#include "headrace/block/schema.h"
#include "headrace/datasource/arrow_wire.h"
#include "headrace/datasource/block_shaper.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/file_options.h"
#include "headrace/datasource/files_source.h"
#include "headrace/datasource/parquet_files.h"
#include "headrace/datasource/parquet_layout.h"
#include "headrace/datasource/parquet_memory.h"
#include "headrace/datasource/parquet_reader.h"
#include "headrace/datasource/parquet_statistics.h"
#include "headrace/datasource/parquet_tasks.h"
#include "headrace/expr/evaluate.h"

namespace headrace::datasource {
namespace {

class ParquetDatasource final : public Datasource, public FilesSource {
 public:
  ParquetDatasource(std::shared_ptr<const ParquetFiles> files, ParquetReadOptions options)
      : files_(std::move(files)), options_(std::move(options)) {}

  std::string_view kind() const override { return "parquet"; }
  std::string name() const override { return "ReadParquet"; }
  std::vector<std::string> InputFiles() const override { return options_.files.paths; }
  const FileReadOptions& files() const override { return options_.files; }

  Result<DatasourcePtr> WithFiles(std::vector<io::ListedFile> files) const override {
    ParquetReadOptions options = options_;
    ARROW_ASSIGN_OR_RAISE(options.schema, FileSchema());
    options.files.SetFiles(std::move(files));
    return MakeParquetDatasource(std::move(options));
  }

  Result<std::shared_ptr<arrow::Schema>> Schema() const override {
    ARROW_ASSIGN_OR_RAISE(const auto scan, Scan());
    return scan->layout.output;
  }

  Result<std::optional<int64_t>> CountRows() const override {
    if (options_.filter.valid() || options_.files.listing != nullptr) return std::nullopt;
    int64_t rows = 0;
    ARROW_RETURN_NOT_OK(files_->ForEachFooter([&](int, const ParquetFooter& footer) {
      rows += footer.metadata->num_rows();
      return Status::OK();
    }));
    return rows;
  }

  Result<std::optional<std::vector<ColumnSummary>>> SummarizeColumn(
      const std::string& column) const override {
    if (options_.filter.valid() || options_.files.listing != nullptr) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(const auto schema, Schema());
    const auto of_all = schema->GetFieldByName(column);
    if (of_all == nullptr) return std::nullopt;
    std::vector<ColumnSummary> summaries;
    bool is_known = true;
    ARROW_RETURN_NOT_OK(files_->ForEachFooter([&](int file, const ParquetFooter& footer) -> Status {
      const int field = footer.schema->GetFieldIndex(column);
      is_known &= field >= 0;
      // A value of the path takes the place of those in the file.
      ARROW_ASSIGN_OR_RAISE(const auto of_path, FileColumnsOf(options_.files, files_->path(file)));
      for (const FileColumn& one : of_path) is_known &= one.name != column;
      for (int group = 0; is_known && group < footer.metadata->num_row_groups(); ++group) {
        if (footer.metadata->RowGroup(group)->num_rows() == 0) continue;
        const Status checked = CheckColumnChunks(footer, group, field);
        if (!checked.ok()) return WithPrefix(checked, files_->path(file) + ": ");
        auto summary = SummarizeRowGroup(footer, group, field, of_all->type());
        is_known = summary.has_value();
        if (is_known) summaries.push_back(*std::move(summary));
      }
      return Status::OK();
    }));
    if (!is_known) return std::nullopt;
    return summaries;
  }

  Result<std::optional<int64_t>> EstimateBytes() const override {
    if (options_.files.listing != nullptr) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(const auto units, Units(/*target_max_block_size=*/0));
    int64_t bytes = 0;
    for (const RowGroupUnit& unit : units) bytes += unit.size_bytes;
    return bytes;
  }

  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism& parallelism) const override {
    ARROW_ASSIGN_OR_RAISE(const auto units, Units(parallelism.target_max_block_size));
    std::vector<ReadTask> tasks;
    for (const PackedTask& packed : PackRowGroups(units, parallelism)) {
      ReadTask task;
      task.payload = packed.task.Serialize();
      task.num_rows = options_.filter.valid() ? -1 : packed.num_rows;
      task.size_bytes = packed.size_bytes;
      task.heap_bytes = packed.heap_bytes + ShapingHeapBytes(packed.task.num_blocks, task.num_rows,
                                                             packed.size_bytes, parallelism);
      for (const auto& piece : packed.task.pieces) {
        const std::string& path = files_->path(piece.file);
        if (task.input_files.empty() || task.input_files.back() != path) {
          task.input_files.push_back(path);
        }
      }
      tasks.push_back(std::move(task));
    }
    return tasks;
  }

  Result<std::unique_ptr<BlockReader>> Open(const ReadTask& task,
                                            const ReadOptions& options) const override {
    ARROW_ASSIGN_OR_RAISE(auto scan, Scan());
    ARROW_ASSIGN_OR_RAISE(ParquetTask parquet_task, ParquetTask::Deserialize(task.payload));
    for (const auto& piece : parquet_task.pieces) {
      if (piece.file < 0 || piece.file >= files_->num_files()) {
        return Status::IndexError("no such file: ", piece.file);
      }
    }
    const BlockShape shape = MakeBlockShape(parquet_task.num_blocks,
                                            options_.filter.valid() ? -1 : task.num_rows, options);
    return ShapeBlocks(OpenParquetTask(std::move(scan), std::move(parquet_task), options), shape);
  }

  DatasourcePtr WithColumns(const std::vector<std::string>& columns) const override {
    ParquetReadOptions options = options_;
    options.columns = columns;
    return Derived(std::move(options));
  }

  DatasourcePtr WithFilter(const Expr& predicate) const override {
    ParquetReadOptions options = options_;
    options.filter = options_.filter.valid() ? options_.filter && predicate : predicate;
    return Derived(std::move(options));
  }

  DatasourcePtr WithDictionaries() const override {
    if (options_.keep_dictionaries) return nullptr;
    ParquetReadOptions options = options_;
    options.keep_dictionaries = true;
    return Derived(std::move(options));
  }

  Result<std::string> Serialize() const override {
    // The unified schema goes along, so that a worker opens only the files of its tasks.
    ARROW_ASSIGN_OR_RAISE(const auto schema, FileSchema());
    WireWriter out;
    options_.files.WriteTo(&out);
    out.Bool(options_.columns.has_value());
    out.Strs(options_.columns.value_or(std::vector<std::string>{}));
    ARROW_ASSIGN_OR_RAISE(const std::string filter,
                          options_.filter.valid() ? options_.filter.Serialize() : std::string());
    out.Str(filter);
    WriteSchema(schema, &out);
    out.Bool(options_.include_row_hash);
    out.Bool(options_.keep_dictionaries);
    out.U64(options_.tensor_columns.size());
    for (const auto& [name, tensor] : options_.tensor_columns) {
      out.Str(name);
      WriteType(tensor.first, &out);
      out.U64(tensor.second.size());
      for (const int64_t size : tensor.second) out.I64(size);
    }
    return out.Take();
  }

 private:
  DatasourcePtr Derived(ParquetReadOptions options) const {
    auto derived = std::make_shared<ParquetDatasource>(files_, std::move(options));
    const std::unique_lock lock(mutex_);
    derived->file_schema_ = file_schema_;
    return derived;
  }

  /// Unified schema of the files, or the one that the user gave.
  Result<std::shared_ptr<arrow::Schema>> FileSchema() const {
    if (options_.schema != nullptr) return options_.schema;
    {
      const std::unique_lock lock(mutex_);
      if (file_schema_ != nullptr) return file_schema_;
    }
    std::vector<std::shared_ptr<arrow::Schema>> schemas;
    std::vector<int> files;  // the first one with each
    ARROW_RETURN_NOT_OK(files_->ForEachFooter([&](int file, const ParquetFooter& footer) {
      // Files of one writer share the schema object (ParquetFiles), so this is short.
      const bool known = !schemas.empty() && (schemas.back() == footer.schema ||
                                              schemas.back()->Equals(*footer.schema));
      if (known) return Status::OK();
      schemas.push_back(footer.schema);
      files.push_back(file);
      return Status::OK();
    }));
    std::shared_ptr<arrow::Schema> unified;
    if (schemas.empty()) {
      unified = arrow::schema({});
    } else if (schemas.size() == 1) {
      unified = schemas.front();
    } else {
      const Status status = headrace::UnifySchemas(schemas).Value(&unified);
      if (!status.ok()) return WithPrefix(status, FirstThatDiffers(schemas, files) + ": ");
    }
    const std::unique_lock lock(mutex_);
    file_schema_ = unified;
    return unified;
  }

  /// Path of the first file whose schema, of `schemas` that cannot be unified, does not go with
  /// those before it.
  std::string FirstThatDiffers(const std::vector<std::shared_ptr<arrow::Schema>>& schemas,
                               const std::vector<int>& files) const {
    std::vector<std::shared_ptr<arrow::Schema>> before;
    size_t i = 0;
    for (; i + 1 < schemas.size(); ++i) {
      before.push_back(schemas[i]);
      if (!headrace::UnifySchemas(before).ok()) break;
    }
    return files_->path(files[i]);
  }

  Result<std::shared_ptr<const ParquetScan>> Scan() const {
    {
      const std::unique_lock lock(mutex_);
      if (scan_ != nullptr) return scan_;
    }
    ARROW_ASSIGN_OR_RAISE(auto file_schema, FileSchema());
    ARROW_ASSIGN_OR_RAISE(auto layout, MakeParquetLayout(options_, std::move(file_schema)));
    auto scan = std::make_shared<ParquetScan>();
    scan->files = files_;
    scan->options = options_;
    scan->layout = std::move(layout);
    const std::unique_lock lock(mutex_);
    scan_ = std::move(scan);
    return scan_;
  }

  /// Row groups that can hold rows of the result.
  Result<std::vector<RowGroupUnit>> Units(int64_t target_max_block_size) const {
    ARROW_ASSIGN_OR_RAISE(const auto scan, Scan());
    std::vector<std::string> columns = scan->layout.filter_columns;
    for (const auto& field : scan->layout.output->fields()) {
      if (std::find(columns.begin(), columns.end(), field->name()) == columns.end()) {
        columns.push_back(field->name());
      }
    }
    std::vector<RowGroupUnit> units;
    ARROW_RETURN_NOT_OK(files_->ForEachFooter([&](int file, const ParquetFooter& footer) -> Status {
      std::vector<int> fields;
      for (const std::string& name : columns) {
        const int field = footer.schema->GetFieldIndex(name);
        if (field >= 0) fields.push_back(field);
      }
      ARROW_ASSIGN_OR_RAISE(const auto file_columns,
                            FileColumnsOf(options_.files, files_->path(file)));
      for (int group = 0; group < footer.metadata->num_row_groups(); ++group) {
        RowGroupUnit unit{file, group, footer.metadata->RowGroup(group)->num_rows()};
        if (unit.num_rows == 0 || !CanHoldRows(*scan, footer, group, file_columns)) continue;
        for (const int field : fields) {
          const Status checked = CheckColumnChunks(footer, group, field);
          if (!checked.ok()) return WithPrefix(checked, files_->path(file) + ": ");
          unit.size_bytes += EstimateColumnBytes(footer, group, field);
        }
        unit.heap_bytes =
            RowGroupHeapBytes(footer, group, fields, unit.size_bytes, target_max_block_size);
        if (!files_->is_local(file) &&
            !ReadsInRanges(footer, group, fields, unit.size_bytes, target_max_block_size)) {
          unit.heap_bytes += StoredBytes(footer, group, fields);
        }
        // The parsed footer: each task has the one of its file. A small file is read at once.
        unit.heap_bytes += footer.size_bytes() + BytesReadAtOnce(file);
        units.push_back(unit);
      }
      return Status::OK();
    }));
    return units;
  }

  int64_t BytesReadAtOnce(int file) const {
    const std::vector<int64_t>& sizes = options_.files.sizes;
    const int64_t size = static_cast<size_t>(file) < sizes.size() ? sizes[file] : 0;
    return size <= ParquetFiles::kReadAtOnceBytes ? size : 0;
  }

  bool CanHoldRows(const ParquetScan& scan, const ParquetFooter& footer, int group,
                   const std::vector<FileColumn>& file_columns) const {
    if (!options_.filter.valid()) return true;
    const Expr guarantee =
        RowGroupGuarantee(footer, group, scan.layout.filter_columns, file_columns, options_.filter);
    return !guarantee.valid() || expr::CanMatch(options_.filter, *scan.layout.all, guarantee);
  }

  const std::shared_ptr<const ParquetFiles> files_;
  const ParquetReadOptions options_;
  mutable std::mutex mutex_;
  mutable std::shared_ptr<arrow::Schema> file_schema_ HR_GUARDED_BY(mutex_);
  mutable std::shared_ptr<const ParquetScan> scan_ HR_GUARDED_BY(mutex_);
};

}  // namespace

Result<DatasourcePtr> MakeParquetDatasource(ParquetReadOptions options) {
  auto files = std::make_shared<const ParquetFiles>(options.files.paths, options.files.access);
  return std::make_shared<ParquetDatasource>(std::move(files), std::move(options));
}

Result<DatasourcePtr> DeserializeParquetDatasource(std::string_view bytes) {
  WireReader in(bytes);
  ParquetReadOptions options;
  options.files = FileReadOptions::ReadFrom(&in);
  const bool has_columns = in.Bool();
  auto columns = in.Strs();
  if (has_columns) options.columns = std::move(columns);
  const std::string_view filter = in.View();
  if (!filter.empty()) {
    ARROW_ASSIGN_OR_RAISE(options.filter, Expr::Deserialize(filter));
  }
  ARROW_ASSIGN_OR_RAISE(options.schema, ReadSchema(&in));
  options.include_row_hash = in.Bool();
  options.keep_dictionaries = in.Bool();
  for (uint64_t left = in.Count(); left > 0; --left) {
    std::string name = in.Str();
    ARROW_ASSIGN_OR_RAISE(auto type, ReadType(&in));
    std::vector<int64_t> shape(in.Count());
    for (int64_t& size : shape) size = in.I64();
    options.tensor_columns[std::move(name)] = {std::move(type), std::move(shape)};
  }
  ARROW_RETURN_NOT_OK(in.Finish());
  return MakeParquetDatasource(std::move(options));
}

}  // namespace headrace::datasource
