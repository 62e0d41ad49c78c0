// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/parquet_reader.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/util.h>

#include <algorithm>

#include "headrace/block/schema.h"
#include "headrace/block/tensor.h"
#include "headrace/datasource/file_columns.h"
#include "headrace/datasource/parquet_memory.h"
#include "headrace/datasource/parquet_range_reader.h"
#include "headrace/datasource/parquet_row_groups.h"
#include "headrace/datasource/parquet_statistics.h"
#include "headrace/datasource/row_hash.h"
#include "headrace/datasource/row_selection.h"
#include "headrace/datasource/tensor_column.h"

namespace headrace::datasource {
namespace {

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
      if (range_begin_ + range_rows_ >= group_rows_) {
        ARROW_ASSIGN_OR_RAISE(const bool more, NextRowGroup());
        if (!more) return EmptyIfNothingElse();
        ARROW_RETURN_NOT_OK(ChooseRanges());
      } else {
        NextRange();
      }
      ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, ReadRange());
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
      ARROW_ASSIGN_OR_RAISE(groups_, ParquetRowGroups::Open(*scan_->files, piece.file,
                                                            options_.pool, options_.cancelled));
      ARROW_ASSIGN_OR_RAISE(file_columns_, FileColumnsOf(scan_->options.files, groups_->path()));
      open_file_ = piece.file;
    }
    row_group_ = piece.first + next_in_piece_++;
    if (row_group_ >= groups_->footer().metadata->num_row_groups()) {
      return Status::Invalid(groups_->path(), ": row group ", row_group_,
                             " is gone; was the file replaced?");
    }
    group_rows_ = groups_->footer().metadata->RowGroup(row_group_)->num_rows();
    group_first_row_ = groups_->FirstRow(row_group_);
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

  /// How many rows of the new row group are read at a time: all that fit into a block.
  Status ChooseRanges() {
    ranges_.reset();
    std::vector<int> fields;
    int64_t bytes = 1;
    for (const std::string& name : NeededColumns()) {
      const int field = groups_->footer().schema->GetFieldIndex(name);
      if (field < 0) continue;
      const Status checked = CheckColumnChunks(groups_->footer(), row_group_, field);
      if (!checked.ok()) return WithPrefix(checked, groups_->path() + ": ");
      fields.push_back(field);
      bytes += EstimateColumnBytes(groups_->footer(), row_group_, field);
    }
    candidates_ = RowRanges(group_rows_);
    if (filter_.has_filter()) {
      ARROW_ASSIGN_OR_RAISE(candidates_,
                            groups_->RowsThatCanMatch(row_group_, scan_->options.filter));
    }
    range_begin_ = 0;
    range_rows_ = group_rows_;
    usual_range_rows_ = group_rows_;
    const bool few_wanted =
        rows_left_ >= 0 && !filter_.has_filter() && rows_left_ < group_rows_ / 2;
    const bool too_large = group_rows_ > 1 && ReadsInRanges(groups_->footer(), row_group_, fields,
                                                            bytes, options_.target_max_block_size);
    if (fields.empty() || (!few_wanted && !too_large)) return Status::OK();
    if (too_large) {
      const int64_t target =
          options_.target_max_block_size > 0 ? options_.target_max_block_size : kLargestRowGroup;
      const double rows = static_cast<double>(target) * static_cast<double>(group_rows_) /
                          static_cast<double>(bytes);
      usual_range_rows_ = std::clamp<int64_t>(static_cast<int64_t>(rows), 1, group_rows_);
    }
    if (few_wanted) usual_range_rows_ = std::min(usual_range_rows_, rows_left_);
    range_rows_ = usual_range_rows_;
    ParquetRangeReader::Options options;
    options.open_columns_limit = OpenColumnsLimit(options_.target_max_block_size);
    options.buffer_bytes = options_.buffer_bytes;
    options.range_rows = usual_range_rows_;
    options.pool = options_.pool;
    options.cancelled = options_.cancelled;
    return ParquetRangeReader::Open(*scan_->files, open_file_, groups_->shared_footer(), row_group_,
                                    fields, options)
        .Value(&ranges_);
  }

  /// Moves on within the row group. Rows that were larger than the footer's average are followed by
  /// fewer at a time.
  void NextRange() {
    range_begin_ += range_rows_;
    if (last_block_bytes_ > 0 && options_.target_max_block_size > 0) {
      const double fit = static_cast<double>(options_.target_max_block_size) /
                         static_cast<double>(last_block_bytes_) * static_cast<double>(range_rows_);
      const bool over = static_cast<double>(last_block_bytes_) >
                        kRowGroupPerTarget * static_cast<double>(options_.target_max_block_size);
      range_rows_ = over ? std::max<int64_t>(1, static_cast<int64_t>(fit))
                         : std::min(usual_range_rows_, 2 * range_rows_);
    }
    range_rows_ = std::min(range_rows_, group_rows_ - range_begin_);
  }

  /// The rows of the current range that are wanted; none: nullopt.
  Result<std::optional<Block>> ReadRange() {
    columns_.clear();
    last_block_bytes_ = 0;
    // The filter's columns first, without the pages that cannot match; the others only for the rows
    // it selects.
    const RowSelection candidates = candidates_.Within(range_begin_, range_rows_);
    if (candidates.size() == 0) return std::nullopt;
    ARROW_RETURN_NOT_OK(
        ReadColumns(scan_->layout.filter_columns, candidates, /*for_filter=*/true, &columns_));
    ARROW_ASSIGN_OR_RAISE(const RowSelection selected, Select(candidates));
    if (selected.size() == 0) return std::nullopt;
    ARROW_ASSIGN_OR_RAISE(Block block, Assemble(SelectWithin(candidates, selected), selected));
    columns_.clear();
    if (ranges_ != nullptr) last_block_bytes_ = block.size_bytes();
    return block;
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
    ARROW_ASSIGN_OR_RAISE(
        auto arrays, ranges_ != nullptr ? ranges_->Read(fields, range_begin_, selection, for_filter)
                                        : groups_->Read(row_group_, fields, selection, for_filter));
    for (size_t i = 0; i < arrays.size(); ++i) (*out)[field_names[i]] = std::move(arrays[i]);
    return Status::OK();
  }

  /// Those of `candidates`, of which the current columns are, that satisfy the filter.
  Result<RowSelection> Select(const RowSelection& candidates) {
    RowSelection everything;
    everything.num_rows = candidates.size();
    if (!filter_.has_filter()) return everything;
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    for (const std::string& name : scan_->layout.filter_columns) {
      ARROW_ASSIGN_OR_RAISE(auto column, ColumnOrConstant(name, candidates, everything));
      fields.push_back(arrow::field(name, column->type()));
      arrays.push_back(std::move(column));
    }
    return filter_.Select(Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)),
                                                         candidates.size(), std::move(arrays))),
                          options_.pool);
  }

  /// A column that is already read, of which `selected` is taken, or one that the file does not
  /// have, for the rows `selection` of the range.
  Result<std::shared_ptr<arrow::Array>> ColumnOrConstant(const std::string& name,
                                                         const RowSelection& selection,
                                                         const RowSelection& selected) {
    if (const auto it = columns_.find(name); it != columns_.end()) {
      return TakeRows(it->second, selected, options_.pool);
    }
    for (const FileColumn& column : file_columns_) {
      if (column.name == name) {
        return arrow::MakeArrayFromScalar(*column.value, selection.size(), options_.pool);
      }
    }
    if (scan_->options.include_row_hash && name == "row_hash" &&
        scan_->layout.file_schema->GetFieldIndex(name) < 0) {
      return RowHashes(groups_->path(), group_first_row_ + range_begin_, selection, options_.pool);
    }
    return arrow::MakeArrayOfNull(scan_->layout.all->GetFieldByName(name)->type(), selection.size(),
                                  options_.pool);
  }

  /// The rows `selection` of the range with the columns of the output; `selected_rows` are the same
  /// ones among those of the current columns.
  Result<Block> Assemble(const RowSelection& selection, const RowSelection& selected_rows) {
    std::vector<std::string> rest;
    for (const auto& field : scan_->layout.output->fields()) rest.push_back(field->name());
    Columns selected;
    for (const auto& [name, column] : columns_) selected[name] = nullptr;  // read already
    ARROW_RETURN_NOT_OK(ReadColumns(rest, selection, /*for_filter=*/false, &selected));
    arrow::FieldVector fields;
    arrow::ArrayVector arrays;
    bool conforms = true;
    for (const auto& field : scan_->layout.output->fields()) {
      std::shared_ptr<arrow::Array> column;
      if (const auto it = selected.find(field->name());
          it != selected.end() && it->second != nullptr) {
        column = std::move(it->second);
      } else {
        ARROW_ASSIGN_OR_RAISE(column, ColumnOrConstant(field->name(), selection, selected_rows));
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

  // The current row group, and the rows of it that are read at a time: all of them, or a range.
  int row_group_ = 0;
  int64_t group_rows_ = 0;
  int64_t group_first_row_ = 0;                 // counted in the file
  std::unique_ptr<ParquetRangeReader> ranges_;  // nullptr: all at once
  RowRanges candidates_;                        // rows that the page index does not rule out
  int64_t range_begin_ = 0;
  int64_t range_rows_ = 0;
  int64_t usual_range_rows_ = 0;
  int64_t last_block_bytes_ = 0;  // of the last range; 0: not known
  Columns columns_;               // that the filter has read of the current range
};

}  // namespace

std::unique_ptr<BlockReader> OpenParquetTask(std::shared_ptr<const ParquetScan> scan,
                                             ParquetTask task, const ReadOptions& options) {
  return std::make_unique<ParquetReader>(std::move(scan), std::move(task), options);
}

}  // namespace headrace::datasource
