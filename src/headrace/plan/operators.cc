// SPDX-License-Identifier: Apache-2.0
#include "headrace/plan/operators.h"

#include <algorithm>

#include "headrace/block/schema.h"
#include "headrace/datasource/files_source.h"

namespace headrace::plan {

Read::Read(DatasourcePtr source, std::optional<int64_t> override_num_blocks, MapOptions options,
           int64_t limit_rows)
    : LogicalOperator(datasource::AsListedSource(*source) == nullptr
                          ? std::vector<LogicalOperatorPtr>{}
                          : std::vector<LogicalOperatorPtr>{std::make_shared<ListFiles>()}),
      source_(std::move(source)),
      override_num_blocks_(override_num_blocks),
      options_(std::move(options)),
      limit_rows_(limit_rows) {}

std::string_view Read::type() const { return inputs().empty() ? "Read" : "ReadFiles"; }

std::string Read::name() const {
  return inputs().empty() ? source_->name() : datasource::ReadFilesName(*source_);
}

LogicalOperatorPtr ListFiles::WithInputs(std::vector<LogicalOperatorPtr>) const {
  return std::make_shared<ListFiles>();
}

LogicalOperatorPtr Read::WithInputs(std::vector<LogicalOperatorPtr>) const {
  return std::make_shared<Read>(source_, override_num_blocks_, options_, limit_rows_);
}

LogicalOperatorPtr InputData::WithInputs(std::vector<LogicalOperatorPtr>) const {
  return stored_ != nullptr ? std::make_shared<InputData>(name_, stored_)
                            : std::make_shared<InputData>(name_, blocks_);
}

int64_t InputData::num_rows() const {
  if (stored_ != nullptr) return stored_->num_rows;
  int64_t rows = 0;
  for (const Block& block : blocks_) rows += block.num_rows();
  return rows;
}

int64_t InputData::size_bytes() const {
  if (stored_ != nullptr) return stored_->size_bytes;
  int64_t bytes = 0;
  for (const Block& block : blocks_) bytes += block.size_bytes();
  return bytes;
}

Result<std::shared_ptr<arrow::Schema>> InputData::Schema() const {
  if (stored_ != nullptr) return stored_->schema;
  std::vector<std::shared_ptr<arrow::Schema>> schemas;
  for (const Block& block : blocks_) {
    // An empty block without columns says nothing about the others.
    if (!SaysNothing(block)) schemas.push_back(block.schema());
  }
  return headrace::UnifySchemas(schemas);
}

bool InputData::says_nothing() const {
  if (stored_ != nullptr) return stored_->says_nothing;
  return std::all_of(blocks_.begin(), blocks_.end(), SaysNothing);
}

std::string_view Map::type() const {
  switch (kind_) {
    case MapKind::kBatches:
      return "MapBatches";
    case MapKind::kRows:
      return "MapRows";
    case MapKind::kFlatMap:
      return "FlatMap";
    case MapKind::kFilter:
      return "Filter";
  }
  return "Map";
}

std::string Map::name() const {
  const std::string prefix = kind_ == MapKind::kRows ? "Map" : std::string(type());
  return prefix + "(" + function_name_ + ")";
}

LogicalOperatorPtr Map::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Map>(std::move(inputs.front()), kind_, function_name_, function_,
                               batch_size_, options_, may_change_row_count_);
}

bool Map::may_change_row_count() const {
  switch (kind_) {
    case MapKind::kRows:
      return false;
    case MapKind::kBatches:
      return may_change_row_count_;
    default:
      return true;
  }
}

LogicalOperatorPtr FilterExpr::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<FilterExpr>(std::move(inputs.front()), predicate_, options_);
}

LogicalOperatorPtr Project::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Project>(std::move(inputs.front()), exprs_, keep_rest_, dropped_,
                                   renamed_, options_);
}

LogicalOperatorPtr Limit::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Limit>(std::move(inputs.front()), rows_);
}

LogicalOperatorPtr Union::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Union>(std::move(inputs));
}

std::string StreamingRepartition::name() const {
  return "StreamingRepartition[num_rows_per_block=" + std::to_string(rows_) +
         ",strict=" + (strict_ ? "True" : "False") + "]";
}

LogicalOperatorPtr StreamingRepartition::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<StreamingRepartition>(std::move(inputs.front()), rows_, strict_);
}

LogicalOperatorPtr Repartition::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Repartition>(std::move(inputs.front()), num_blocks_);
}

LogicalOperatorPtr Count::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Count>(std::move(inputs.front()));
}

LogicalOperatorPtr PartialAggregate::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<PartialAggregate>(std::move(inputs.front()), aggregates_);
}

LogicalOperatorPtr Write::WithInputs(std::vector<LogicalOperatorPtr> inputs) const {
  return std::make_shared<Write>(std::move(inputs.front()), sink_, options_);
}

}  // namespace headrace::plan
