// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_reader.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>

#include <algorithm>

#include "headrace/block/schema.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/parquet_row_groups.h"
#include "headrace/datasource/parquet_statistics.h"
#include "headrace/datasource/row_hash.h"
#include "headrace/datasource/row_selection.h"
#include "headrace/datasource/tensor_column.h"

namespace headrace::datasource {
namespace {

// A row group this many times larger than the target is read in pieces, not at once.
constexpr int64_t kStreamAboveTargets = 2;

class ParquetReader final : public BlockReader {
 public:
  ParquetReader(std::shared_ptr<const ParquetScan> scan, ParquetTask task,
                const ReadOptions& options)
      : scan_(std::move(scan)),
        task_(std::move(task)),
        options_(options),
        rows_left_(options.limit_rows),
        filter_(scan_->options.filter) {}

  Result<std::optional<Block>> Next() override {
    while (true) {
      if (options_.cancelled != nullptr && *options_.cancelled) {
        return Status::Cancelled("read cancelled");
      }
      if (rows_left_ == 0) return EmptyIfNothingElse();
      std::optional<Block> block;
      if (stream_ != nullptr) {
        ARROW_ASSIGN_OR_RAISE(block, NextOfStream());
      } else {
        ARROW_ASSIGN_OR_RAISE(const bool more, NextRowGroup());
        if (!more) return EmptyIfNothingElse();
        if (WantsStream()) {
          ARROW_RETURN_NOT_OK(OpenStream());
          continue;
        }
        ARROW_ASSIGN_OR_RAISE(block, ReadWholeRowGroup());
      }
      if (!block || block->num_rows() == 0) continue;
      if (rows_left_ > 0) {
        block = block->Slice(0, rows_left_);
        rows_left_ -= block->num_rows();
      }
      gave_block_ = true;
      return block;
    }
  }

 private:
  /// The end; a task without rows still tells their schema.
  Result<std::optional<Block>> EmptyIfNothingElse() {
    if (std::exchange(gave_block_, true)) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(auto batch, arrow::RecordBatch::MakeEmpty(scan_->layout.output));
    return Block(std::move(batch));
  }

  /// Moves on to the next row group, opening its file when it is another one.
  Result<bool> NextRowGroup() {
    while (piece_ < task_.pieces.size() && next_in_piece_ == task_.pieces[piece_].count) {
      ++piece_;
      next_in_piece_ = 0;
    }
    if (piece_ == task_.pieces.size()) return false;
    const ParquetTask::Piece& piece = task_.pieces[piece_];
    if (groups_ == nullptr || open_file_ != piece.file) {
      ARROW_ASSIGN_OR_RAISE(groups_,
                            ParquetRowGroups::Open(*scan_->files, piece.file, options_.pool));
      ARROW_ASSIGN_OR_RAISE(file_columns_, FileColumnsOf(scan_->options.files, groups_->path()));
      open_file_ = piece.file;
    }
    row_group_ = piece.first + next_in_piece_++;
    if (row_group_ >= groups_->footer().metadata->num_row_groups()) {
      return Status::Invalid(groups_->path(), ": row group ", row_group_,
                             " is gone; was the file replaced?");
    }
    group_rows_ = groups_->footer().metadata->RowGroup(row_group_)->num_rows();
    first_row_ = groups_->FirstRow(row_group_);
    return true;
  }

  /// Fields of the file that the read needs, by name; those of the filter first.
  std::vector<std::string> NeededColumns() const {
    std::vector<std::string> names = scan_->layout.filter_columns;
    for (const auto& field : scan_->layout.output->fields()) {
      if (std::find(names.begin(), names.end(), field->name()) == names.end()) {
        names.push_back(field->name());
      }
    }
    return names;
  }

  bool WantsStream() const {
    if (rows_left_ >= 0 && !filter_.has_filter() && rows_left_ < group_rows_ / 2) return true;
    if (options_.target_max_block_size <= 0) return false;
    int64_t bytes = 0;
    for (const std::string& name : NeededColumns()) {
      const int field = groups_->footer().schema->GetFieldIndex(name);
      if (field >= 0) bytes += EstimateColumnBytes(groups_->footer(), row_group_, field);
    }
    return group_rows_ > 1 && bytes > kStreamAboveTargets * options_.target_max_block_size;
  }

  Status OpenStream() {
    std::vector<int> fields;
    int64_t bytes = 1;
    stream_names_.clear();
    for (const std::string& name : NeededColumns()) {
      const int field = groups_->footer().schema->GetFieldIndex(name);
      if (field < 0) continue;
      fields.push_back(field);
      stream_names_.push_back(name);
      bytes += EstimateColumnBytes(groups_->footer(), row_group_, field);
    }
    int64_t batch_rows = group_rows_;
    if (options_.target_max_block_size > 0) {
      const double rows = static_cast<double>(options_.target_max_block_size) * group_rows_ / bytes;
      batch_rows = std::clamp<int64_t>(static_cast<int64_t>(rows), 1, group_rows_);
    }
    if (rows_left_ >= 0 && !filter_.has_filter()) batch_rows = std::min(batch_rows, rows_left_);
    if (fields.empty()) return Status::Invalid("nothing to stream");  // zero bytes never stream
    return groups_->Stream(row_group_, fields, batch_rows).Value(&stream_);
  }

  Result<std::optional<Block>> NextOfStream() {
    std::shared_ptr<arrow::RecordBatch> batch;
    ARROW_RETURN_NOT_OK(CallParquet(groups_->path() + ": row group " + std::to_string(row_group_),
                                    [&] { return stream_->ReadNext(&batch); }));
    if (batch == nullptr) {
      stream_.reset();
      return std::nullopt;
    }
    group_rows_ = batch->num_rows();
    columns_.clear();
    for (const std::string& name : stream_names_) {
      columns_[name] = batch->GetColumnByName(name);
    }
    ARROW_ASSIGN_OR_RAISE(const RowSelection selection, Select());
    ARROW_ASSIGN_OR_RAISE(Block block, Assemble(selection));
    first_row_ += batch->num_rows();
    return block;
  }

  Result<std::optional<Block>> ReadWholeRowGroup() {
    columns_.clear();
    // The filter's columns first; the others only for the rows it selects.
    RowSelection everything;
    everything.num_rows = group_rows_;
    ARROW_RETURN_NOT_OK(
        ReadColumns(scan_->layout.filter_columns, everything, /*for_filter=*/true, &columns_));
    ARROW_ASSIGN_OR_RAISE(const RowSelection selection, Select());
    if (selection.size() == 0) return std::nullopt;
    return Assemble(selection);
  }

  using Columns = std::map<std::string, std::shared_ptr<arrow::Array>>;

  Status ReadColumns(const std::vector<std::string>& names, const RowSelection& selection,
                     bool for_filter, Columns* out) {
    std::vector<int> fields;
    std::vector<std::string> field_names;
    for (const std::string& name : names) {
      const int field = groups_->footer().schema->GetFieldIndex(name);
      if (field < 0 || out->contains(name)) continue;
      fields.push_back(field);
      field_names.push_back(name);
    }
    ARROW_ASSIGN_OR_RAISE(auto arrays, groups_->Read(row_group_, fields, selection, for_filter));
    for (size_t i = 0; i < arrays.size(); ++i) (*out)[field_names[i]] = std::move(arrays[i]);
    return Status::OK();
  }

  /// Rows of the current columns that satisfy the filter.
  Result<RowSelection> Select() {
    RowSelection selection;
    selection.num_rows = group_rows_;
    if (!filter_.has_filter()) return selection;
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const std::string& name : scan_->layout.filter_columns) {
      ARROW_ASSIGN_OR_RAISE(auto column, ColumnOrConstant(name, selection));
      fields.push_back(arrow::field(name, column->type()));
      arrays.push_back(std::move(column));
    }
    return filter_.Select(Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                                         group_rows_, std::move(arrays))),
                          options_.pool);
  }

  /// A column that is already read, or one that the file does not have.
  Result<std::shared_ptr<arrow::Array>> ColumnOrConstant(const std::string& name,
                                                         const RowSelection& selection) {
    if (const auto it = columns_.find(name); it != columns_.end()) {
      return it->second->length() == selection.size()
                 ? Result<std::shared_ptr<arrow::Array>>(it->second)
                 : TakeRows(it->second, selection, options_.pool);
    }
    for (const FileColumn& column : file_columns_) {
      if (column.name == name) {
        return arrow::MakeArrayFromScalar(*column.value, selection.size(), options_.pool);
      }
    }
    if (scan_->options.include_row_hash && name == "row_hash" &&
        scan_->layout.file_schema->GetFieldIndex(name) < 0) {
      return RowHashes(groups_->path(), first_row_, selection, options_.pool);
    }
    return arrow::MakeArrayOfNull(scan_->layout.all->GetFieldByName(name)->type(), selection.size(),
                                  options_.pool);
  }

  /// The selected rows with the columns of the output.
  Result<Block> Assemble(const RowSelection& selection) {
    std::vector<std::string> rest;
    for (const auto& field : scan_->layout.output->fields()) rest.push_back(field->name());
    Columns selected;
    if (stream_ == nullptr) {
      for (const auto& [name, column] : columns_) selected[name] = nullptr;  // read already
      ARROW_RETURN_NOT_OK(ReadColumns(rest, selection, /*for_filter=*/false, &selected));
    }
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    bool conforms = true;
    for (const auto& field : scan_->layout.output->fields()) {
      std::shared_ptr<arrow::Array> column;
      if (const auto it = selected.find(field->name());
          it != selected.end() && it->second != nullptr) {
        column = it->second;
      } else {
        ARROW_ASSIGN_OR_RAISE(column, ColumnOrConstant(field->name(), selection));
      }
      ARROW_ASSIGN_OR_RAISE(column, Finish(std::move(column), *field, &conforms));
      fields.push_back(field->WithType(column->type()));
      arrays.push_back(std::move(column));
    }
    const Block block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), selection.size(),
                                               std::move(arrays)));
    return conforms ? block : ConformTo(block, scan_->layout.output, options_.pool);
  }

  /// `column` in the form the output has for `field`; `conforms` becomes false when a cast is left.
  Result<std::shared_ptr<arrow::Array>> Finish(std::shared_ptr<arrow::Array> column,
                                               const arrow::Field& field, bool* conforms) {
    if (column->type()->Equals(*field.type())) return column;
    if (column->type_id() == arrow::Type::DICTIONARY) {
      const auto& type = static_cast<const arrow::DictionaryType&>(*column->type());
      if (scan_->options.keep_dictionaries && type.value_type()->Equals(*field.type()) &&
          arrow::is_base_binary_like(type.value_type()->id())) {
        return column;
      }
      ARROW_ASSIGN_OR_RAISE(column, ExpandDictionary(column, options_.pool));
    }
    if (column->type()->Equals(*field.type())) return column;
    if (IsFixedShapeTensor(*field.type()) && scan_->options.tensor_columns.contains(field.name())) {
      auto tensor = ToTensorColumn(column, field.type(), field.name(), options_.pool);
      if (!tensor.ok()) return WithPrefix(tensor.status(), groups_->path() + ": ");
      return tensor;
    }
    *conforms = false;
    return column;
  }

  const std::shared_ptr<const ParquetScan> scan_;
  const ParquetTask task_;
  const ReadOptions options_;
  int64_t rows_left_;
  bool gave_block_ = false;
  const RowFilter filter_;

  size_t piece_ = 0;
  int next_in_piece_ = 0;
  int open_file_ = -1;
  std::unique_ptr<ParquetRowGroups> groups_;
  std::vector<FileColumn> file_columns_;

  // The current row group, or the current batch of it.
  int row_group_ = 0;
  int64_t group_rows_ = 0;
  int64_t first_row_ = 0;
  Columns columns_;
  std::unique_ptr<arrow::RecordBatchReader> stream_;
  std::vector<std::string> stream_names_;
};

}  // namespace

std::unique_ptr<BlockReader> OpenParquetTask(std::shared_ptr<const ParquetScan> scan,
                                             ParquetTask task, const ReadOptions& options) {
  return std::make_unique<ParquetReader>(std::move(scan), std::move(task), options);
}

}  // namespace headrace::datasource
