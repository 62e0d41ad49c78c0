// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "headrace/plan/logical_operator.h"

namespace headrace::plan {

/// Rows from a Datasource. Where that lists its files while it reads (datasource::AsListedSource),
/// "ReadFiles" with an input, ListFiles: planned as two operators, but one here.
class Read final : public LogicalOperator {
 public:
  Read(DatasourcePtr source, std::optional<int64_t> override_num_blocks, MapOptions options,
       int64_t limit_rows = -1);
  std::string_view type() const override;
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr>) const override;
  const DatasourcePtr& source() const { return source_; }
  std::optional<int64_t> override_num_blocks() const { return override_num_blocks_; }
  const MapOptions& options() const { return options_; }
  /// Rows that any one task has to read at most; -1: all.
  int64_t limit_rows() const { return limit_rows_; }

 private:
  DatasourcePtr source_;
  std::optional<int64_t> override_num_blocks_;
  MapOptions options_;
  int64_t limit_rows_;
};

/// The files of a Read: says in a plan that they are listed while they are read.
class ListFiles final : public LogicalOperator {
 public:
  ListFiles() : LogicalOperator({}) {}
  std::string_view type() const override { return "ListFiles"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr>) const override;
};

/// Blocks that are kept where a plan cannot look. It knows what is here; the planner knows the
/// rest.
class StoredBlocks {
 public:
  virtual ~StoredBlocks() = default;
  std::shared_ptr<arrow::Schema> schema;  // of all blocks
  int64_t num_rows = 0;
  int64_t size_bytes = 0;
  bool says_nothing = false;  // no rows and no columns
};

/// Blocks that exist already: from_items, from_arrow, materialized datasets.
class InputData final : public LogicalOperator {
 public:
  InputData(std::string name, std::vector<Block> blocks)
      : LogicalOperator({}), name_(std::move(name)), blocks_(std::move(blocks)) {}
  InputData(std::string name, std::shared_ptr<const StoredBlocks> stored)
      : LogicalOperator({}), name_(std::move(name)), stored_(std::move(stored)) {}
  std::string_view type() const override { return "InputData"; }
  std::string name() const override { return name_; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr>) const override;
  /// Empty when they are stored().
  const std::vector<Block>& blocks() const { return blocks_; }
  const std::shared_ptr<const StoredBlocks>& stored() const { return stored_; }

  int64_t num_rows() const;
  int64_t size_bytes() const;
  Result<std::shared_ptr<arrow::Schema>> Schema() const;
  /// Neither rows nor columns.
  bool says_nothing() const;

 private:
  std::string name_;
  std::vector<Block> blocks_;
  std::shared_ptr<const StoredBlocks> stored_;
};

/// A function of the user. Python functions are opaque bytes here; C++ ones run in the thread lane.
struct PythonFunction {
  std::string pickled;
  bool is_class = false;
};
using NativeFunction = std::function<Result<Block>(const Block&)>;

enum class MapKind { kBatches, kRows, kFlatMap, kFilter };

/// map_batches, map, flat_map, filter(fn): "MapBatches(f)", "Map(f)", "FlatMap(f)", "Filter(f)".
class Map final : public LogicalOperator {
 public:
  Map(LogicalOperatorPtr input, MapKind kind, std::string function_name,
      std::variant<PythonFunction, NativeFunction> function, int64_t batch_size, MapOptions options,
      bool may_change_row_count = true)
      : LogicalOperator({std::move(input)}),
        kind_(kind),
        function_name_(std::move(function_name)),
        function_(std::move(function)),
        batch_size_(batch_size),
        options_(std::move(options)),
        may_change_row_count_(may_change_row_count) {}
  std::string_view type() const override;  // "MapBatches", "MapRows", "FlatMap", "Filter"
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  MapKind kind() const { return kind_; }
  const std::string& function_name() const { return function_name_; }
  const std::variant<PythonFunction, NativeFunction>& function() const { return function_; }
  /// Rows per call; 0: one call per block; -1: "auto" (about 16 MiB).
  int64_t batch_size() const { return batch_size_; }
  const MapOptions& options() const { return options_; }
  /// False when the number of rows out equals that in: Map, or map_batches whose user said so.
  bool may_change_row_count() const;

 private:
  MapKind kind_;
  std::string function_name_;
  std::variant<PythonFunction, NativeFunction> function_;
  int64_t batch_size_;
  MapOptions options_;
  bool may_change_row_count_;
};

/// Rows for which an expression is true: "Filter(col('a') > 3)".
class FilterExpr final : public LogicalOperator {
 public:
  FilterExpr(LogicalOperatorPtr input, Expr predicate, MapOptions options = {})
      : LogicalOperator({std::move(input)}),
        predicate_(std::move(predicate)),
        options_(std::move(options)) {}
  std::string_view type() const override { return "Filter"; }
  std::string name() const override { return "Filter(" + predicate_.ToString() + ")"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const Expr& predicate() const { return predicate_; }
  const MapOptions& options() const { return options_; }

 private:
  Expr predicate_;
  MapOptions options_;
};

/// Columns computed from columns. `keep_rest` keeps the input's columns that no expression names:
/// with_column; without it only `exprs` remain: select_columns. `renamed` and `dropped` are
/// resolved at run time against the input's columns.
class Project final : public LogicalOperator {
 public:
  Project(LogicalOperatorPtr input, std::vector<expr::NamedExpr> exprs, bool keep_rest,
          std::vector<std::string> dropped = {},
          std::vector<std::pair<std::string, std::string>> renamed = {}, MapOptions options = {})
      : LogicalOperator({std::move(input)}),
        exprs_(std::move(exprs)),
        keep_rest_(keep_rest),
        dropped_(std::move(dropped)),
        renamed_(std::move(renamed)),
        options_(std::move(options)) {}
  std::string_view type() const override { return "Project"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<expr::NamedExpr>& exprs() const { return exprs_; }
  bool keep_rest() const { return keep_rest_; }
  const std::vector<std::string>& dropped() const { return dropped_; }
  const std::vector<std::pair<std::string, std::string>>& renamed() const { return renamed_; }
  const MapOptions& options() const { return options_; }

 private:
  std::vector<expr::NamedExpr> exprs_;
  bool keep_rest_;
  std::vector<std::string> dropped_;
  std::vector<std::pair<std::string, std::string>> renamed_;  // old name, new name
  MapOptions options_;
};

/// The first `rows` rows.
class Limit final : public LogicalOperator {
 public:
  Limit(LogicalOperatorPtr input, int64_t rows)
      : LogicalOperator({std::move(input)}), rows_(rows) {}
  std::string_view type() const override { return "Limit"; }
  std::string name() const override { return "limit=" + std::to_string(rows_); }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  int64_t rows() const { return rows_; }

 private:
  int64_t rows_;
};

/// All rows of all inputs.
class Union final : public LogicalOperator {
 public:
  explicit Union(std::vector<LogicalOperatorPtr> inputs) : LogicalOperator(std::move(inputs)) {}
  std::string_view type() const override { return "Union"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
};

/// Blocks of at most (strict: exactly, but for the last) `rows` rows, while rows stream.
class StreamingRepartition final : public LogicalOperator {
 public:
  StreamingRepartition(LogicalOperatorPtr input, int64_t rows, bool strict)
      : LogicalOperator({std::move(input)}), rows_(rows), strict_(strict) {}
  std::string_view type() const override { return "StreamingRepartition"; }
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  int64_t rows() const { return rows_; }
  bool strict() const { return strict_; }

 private:
  int64_t rows_;
  bool strict_;
};

/// `num_blocks` blocks of equal row counts, in order; waits for all input.
class Repartition final : public LogicalOperator {
 public:
  Repartition(LogicalOperatorPtr input, int64_t num_blocks)
      : LogicalOperator({std::move(input)}), num_blocks_(num_blocks) {}
  std::string_view type() const override { return "Repartition"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  int64_t num_blocks() const { return num_blocks_; }

 private:
  int64_t num_blocks_;
};

/// One row per task: how many rows it saw, in an int64 column "num_rows".
class Count final : public LogicalOperator {
 public:
  explicit Count(LogicalOperatorPtr input) : LogicalOperator({std::move(input)}) {}
  std::string_view type() const override { return "Count"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
};

/// Global aggregation, first half: one row of partial states per task (compute/aggregate.h).
struct ColumnAggregate {
  std::string function;  // "sum", "min", "max", "mean", "std", "count"
  std::string column;
  bool ignore_nulls = true;
  int64_t ddof = 1;
};
class PartialAggregate final : public LogicalOperator {
 public:
  PartialAggregate(LogicalOperatorPtr input, std::vector<ColumnAggregate> aggregates)
      : LogicalOperator({std::move(input)}), aggregates_(std::move(aggregates)) {}
  std::string_view type() const override { return "Aggregate"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<ColumnAggregate>& aggregates() const { return aggregates_; }

 private:
  std::vector<ColumnAggregate> aggregates_;
};

/// Rows to a Datasink; gives one row per task with what the commit needs (binary column "commit").
class Write final : public LogicalOperator {
 public:
  Write(LogicalOperatorPtr input, DatasinkPtr sink, MapOptions options)
      : LogicalOperator({std::move(input)}), sink_(std::move(sink)), options_(std::move(options)) {}
  std::string_view type() const override { return "Write"; }
  std::string name() const override { return sink_->name(); }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const DatasinkPtr& sink() const { return sink_; }
  const MapOptions& options() const { return options_; }

 private:
  DatasinkPtr sink_;
  MapOptions options_;
};

}  // namespace headrace::plan
