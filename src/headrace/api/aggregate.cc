// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/aggregate.h"

#include <arrow/array/util.h>

#include "headrace/api/execution.h"
#include "headrace/compute/aggregate.h"

namespace headrace::api {

Result<Block> Aggregate(const plan::LogicalOperatorPtr& plan,
                        const std::vector<plan::ColumnAggregate>& aggregates,
                        const DataContext& context) {
  const auto root = std::make_shared<plan::PartialAggregate>(plan, aggregates);
  ARROW_ASSIGN_OR_RAISE(auto execution, Execution::Start(root, context, "aggregate"));
  std::vector<Block> partials;
  while (true) {
    ARROW_ASSIGN_OR_RAISE(const auto refs, execution->NextRefs());
    if (refs.empty()) break;
    for (const auto& ref : refs) {
      ARROW_ASSIGN_OR_RAISE(Block partial, ref.Load());
      partials.push_back(std::move(partial));
    }
  }
  std::vector<compute::AggregateSpec> specs;
  for (const auto& one : aggregates) {
    specs.push_back({one.function, one.column, one.ignore_nulls, one.ddof});
  }
  ARROW_ASSIGN_OR_RAISE(const auto values, compute::MergePartials(specs, partials));
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (size_t i = 0; i < specs.size(); ++i) {
    ARROW_ASSIGN_OR_RAISE(auto column, arrow::MakeArrayFromScalar(*values[i], 1));
    fields.push_back(arrow::field(specs[i].function + "(" + specs[i].column + ")", column->type()));
    columns.push_back(std::move(column));
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), 1, std::move(columns)));
}

}  // namespace headrace::api
