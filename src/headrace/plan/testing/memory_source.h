// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "headrace/datasource.h"
#include "headrace/expr/evaluate.h"

namespace headrace::plan::testing {

/// What a MemorySource accepts.
struct MemorySourceOptions {
  bool projects = true;
  bool knows_schema = true;
  std::set<std::string> filterable;  // columns that a pushed predicate may read
};

/// A source of one block, for tests of rules: remembers what was pushed into it.
class MemorySource final : public Datasource {
 public:
  explicit MemorySource(Block rows, MemorySourceOptions options = {})
      : rows_(std::move(rows)), options_(std::move(options)) {}

  std::string_view kind() const override { return "memory"; }
  std::string name() const override { return "ReadMemory"; }
  Result<std::shared_ptr<arrow::Schema>> Schema() const override {
    if (!options_.knows_schema) return nullptr;
    ARROW_ASSIGN_OR_RAISE(Block none, Apply(rows_.Slice(0, 0)));
    return none.schema();
  }
  Result<std::optional<int64_t>> CountRows() const override {
    if (filter_.valid()) return std::nullopt;
    return rows_.num_rows();
  }
  Result<std::optional<int64_t>> EstimateBytes() const override { return 100; }
  std::vector<std::string> InputFiles() const override { return {"memory"}; }
  Result<std::vector<ReadTask>> PlanReadTasks(const ReadParallelism&) const override {
    return std::vector<ReadTask>(1);
  }
  Result<std::unique_ptr<BlockReader>> Open(const ReadTask&, const ReadOptions&) const override {
    return Status::NotImplemented("MemorySource is read with Rows()");
  }
  std::shared_ptr<const Datasource> WithColumns(
      const std::vector<std::string>& columns) const override {
    if (!options_.projects) return nullptr;
    auto copy = std::make_shared<MemorySource>(*this);
    copy->columns_ = columns;
    return copy;
  }
  std::shared_ptr<const Datasource> WithFilter(const Expr& predicate) const override {
    for (const std::string& column : predicate.Columns()) {
      if (options_.filterable.count(column) == 0) return nullptr;
    }
    auto copy = std::make_shared<MemorySource>(*this);
    copy->filter_ = filter_.valid() ? filter_ && predicate : predicate;
    return copy;
  }
  Result<std::string> Serialize() const override {
    std::string out = filter_.ToString() + (columns_.has_value() ? "|" : "*");
    for (const std::string& column : columns_.value_or(std::vector<std::string>{})) {
      out += column + ",";
    }
    return out;
  }

  Result<Block> Rows() const { return Apply(rows_); }
  const std::optional<std::vector<std::string>>& columns() const { return columns_; }
  const Expr& filter() const { return filter_; }

 private:
  Result<Block> Apply(Block block) const {
    arrow::MemoryPool* pool = arrow::default_memory_pool();
    if (filter_.valid()) {
      ARROW_ASSIGN_OR_RAISE(block, expr::Filter(filter_, block, pool));
    }
    if (!columns_.has_value()) return block;
    std::vector<expr::NamedExpr> exprs;
    for (const std::string& column : *columns_) exprs.push_back({column, Col(column)});
    return expr::Project(exprs, block, pool);
  }

  Block rows_;
  MemorySourceOptions options_;
  std::optional<std::vector<std::string>> columns_;
  Expr filter_;
};

}  // namespace headrace::plan::testing
