// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/compute/api_vector.h>

#include <algorithm>
#include <vector>

#include "headrace/expr/evaluator.h"
#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/plan/testing/memory_source.h"

namespace headrace::plan::testing {

inline Result<Block> SortEagerly(const Sort& sort, const Block& rows) {
  std::vector<arrow::compute::SortKey> keys;
  for (const SortColumn& column : sort.columns()) {
    keys.emplace_back(column.name, column.descending ? arrow::compute::SortOrder::Descending
                                                     : arrow::compute::SortOrder::Ascending);
  }
  ARROW_ASSIGN_OR_RAISE(const auto order, arrow::compute::SortIndices(
                                              rows.batch(), arrow::compute::SortOptions(keys)));
  ARROW_ASSIGN_OR_RAISE(const auto sorted, arrow::compute::Take(rows.batch(), order));
  const Block all(sorted.record_batch());
  return sort.limit_rows() < 0 ? all : all.Slice(0, sort.limit_rows());
}

/// All rows of `node` in one block, computed one operator after the other: what any optimized plan
/// has to give too. Knows the operators without functions of the user.
inline Result<Block> EvaluateEagerly(const LogicalOperatorPtr& node) {
  arrow::MemoryPool* pool = arrow::default_memory_pool();
  if (const auto* read = As<Read>(node)) {
    ARROW_ASSIGN_OR_RAISE(Block rows, dynamic_cast<const MemorySource&>(*read->source()).Rows());
    return read->limit_rows() >= 0 ? rows.Slice(0, read->limit_rows()) : rows;
  }
  if (const auto* data = As<InputData>(node)) return ConcatBlocks(data->blocks());
  std::vector<Block> inputs;
  for (const LogicalOperatorPtr& input : node->inputs()) {
    ARROW_ASSIGN_OR_RAISE(Block rows, EvaluateEagerly(input));
    inputs.push_back(std::move(rows));
  }
  if (const auto* filter = As<FilterExpr>(node)) {
    return expr::Filter(filter->predicate(), inputs[0], pool);
  }
  if (const auto* project = As<Project>(node)) {
    return expr::BlockProjector(
               {project->exprs(), project->keep_rest(), project->dropped(), project->renamed()})
        .Apply(inputs[0], pool);
  }
  if (const auto* limit = As<Limit>(node)) return inputs[0].Slice(0, limit->rows());
  if (const auto* sort = As<Sort>(node)) return SortEagerly(*sort, inputs[0]);
  if (As<HashRepartition>(node)) return inputs[0];  // (rows of its blocks keep their order)
  if (As<Union>(node)) return ConcatBlocks(inputs);
  if (As<Repartition>(node) || As<StreamingRepartition>(node)) return inputs[0];
  return Status::NotImplemented("Cannot evaluate ", node->name());
}

}  // namespace headrace::plan::testing
