// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/builder_primitive.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/plan/operators.h"
#include "headrace/plan/shuffle_operators.h"
#include "headrace/plan/testing/memory_source.h"

namespace headrace::plan::testing {

/// `rows` rows with int64 columns a, b and c of small numbers; every seventh value is null.
inline Block SampleRows(int rows = 50) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (const char* name : {"a", "b", "c"}) {
    arrow::Int64Builder builder;
    for (int row = 0; row < rows; ++row) {
      const int mixed = (row * 31 + static_cast<int>(columns.size()) * 17) % 23;
      const Status appended = mixed % 7 == 6 ? builder.AppendNull() : builder.Append(mixed);
      if (!appended.ok()) appended.Abort();
    }
    columns.push_back(builder.Finish().ValueOrDie());
    fields.push_back(arrow::field(name, arrow::int64()));
  }
  return Block(arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, columns));
}

inline LogicalOperatorPtr ReadSample(MemorySourceOptions options = {}) {
  return std::make_shared<Read>(std::make_shared<MemorySource>(SampleRows(), std::move(options)),
                                std::nullopt, MapOptions{});
}

/// The source that `node`, a Read, reads.
inline const MemorySource& SourceOf(const LogicalOperatorPtr& node) {
  return dynamic_cast<const MemorySource&>(*As<Read>(node)->source());
}

/// select_columns, with_column and filter, as the user calls them.
inline LogicalOperatorPtr Select(LogicalOperatorPtr input, const std::vector<std::string>& names) {
  std::vector<expr::NamedExpr> exprs;
  for (const std::string& name : names) exprs.push_back({name, Col(name)});
  return std::make_shared<Project>(std::move(input), std::move(exprs), /*keep_rest=*/false);
}
inline LogicalOperatorPtr WithColumn(LogicalOperatorPtr input, std::string name, Expr value) {
  return std::make_shared<Project>(
      std::move(input), std::vector<expr::NamedExpr>{{std::move(name), std::move(value)}},
      /*keep_rest=*/true);
}
inline LogicalOperatorPtr Rename(LogicalOperatorPtr input, std::string old_name,
                                 std::string new_name) {
  return std::make_shared<Project>(
      std::move(input), std::vector<expr::NamedExpr>{}, /*keep_rest=*/true,
      std::vector<std::string>{},
      std::vector<std::pair<std::string, std::string>>{{std::move(old_name), std::move(new_name)}});
}
inline LogicalOperatorPtr Drop(LogicalOperatorPtr input, std::string name) {
  return std::make_shared<Project>(std::move(input), std::vector<expr::NamedExpr>{},
                                   /*keep_rest=*/true, std::vector<std::string>{std::move(name)});
}
inline LogicalOperatorPtr Where(LogicalOperatorPtr input, Expr predicate) {
  return std::make_shared<FilterExpr>(std::move(input), std::move(predicate));
}
inline LogicalOperatorPtr First(LogicalOperatorPtr input, int64_t rows) {
  return std::make_shared<Limit>(std::move(input), rows);
}
inline LogicalOperatorPtr SortBy(LogicalOperatorPtr input, std::vector<SortColumn> columns) {
  return std::make_shared<Sort>(std::move(input), std::move(columns));
}
/// map_batches with a function that no rule may look into.
inline LogicalOperatorPtr Opaque(LogicalOperatorPtr input, bool may_change_row_count = true) {
  return std::make_shared<Map>(
      std::move(input), MapKind::kBatches, "f",
      NativeFunction([](const Block& block) -> Result<Block> { return block; }),
      /*batch_size=*/0, MapOptions{}, may_change_row_count);
}

}  // namespace headrace::plan::testing
