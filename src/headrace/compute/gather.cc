// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/type_traits.h>

#include <algorithm>

#include "headrace/block/compute_functions.h"
#include "headrace/compute/gather_binary.h"
#include "headrace/compute/gather_bits.h"
#include "headrace/compute/gather_fixed.h"

namespace headrace::compute {
namespace {

Result<std::shared_ptr<arrow::Array>> TakeRows(const std::shared_ptr<arrow::Array>& values,
                                               const std::vector<int64_t>& rows,
                                               arrow::compute::ExecContext* context) {
  arrow::Int64Builder builder(context->memory_pool());
  ARROW_RETURN_NOT_OK(builder.AppendValues(rows));
  ARROW_ASSIGN_OR_RAISE(const auto indices, builder.Finish());
  ARROW_ASSIGN_OR_RAISE(
      const auto taken,
      arrow::compute::Take(values, indices, arrow::compute::TakeOptions::NoBoundsCheck(), context));
  return taken.make_array();
}

Result<std::shared_ptr<arrow::Array>> GatherAny(const arrow::ArrayVector& columns,
                                                std::span<const RowRef> rows,
                                                arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  arrow::compute::ExecContext context(pool);
  std::vector<std::vector<int64_t>> wanted(columns.size());
  for (const RowRef& row : rows) wanted[row.block].push_back(row.row);
  // Where the rows of each block begin once they are joined.
  std::vector<int64_t> next(columns.size(), 0);
  arrow::ArrayVector parts;
  int64_t begin = 0;
  for (size_t i = 0; i < columns.size(); ++i) {
    next[i] = begin;
    begin += static_cast<int64_t>(wanted[i].size());
    if (wanted[i].empty()) continue;
    ARROW_ASSIGN_OR_RAISE(auto part, TakeRows(columns[i], wanted[i], &context));
    parts.push_back(std::move(part));
  }
  if (parts.empty()) return arrow::MakeEmptyArray(columns.front()->type(), pool);
  ARROW_ASSIGN_OR_RAISE(const auto joined, arrow::Concatenate(parts, pool));
  std::vector<int64_t> order;
  order.reserve(rows.size());
  for (const RowRef& row : rows) order.push_back(next[row.block]++);
  return TakeRows(joined, order, &context);
}

/// Strings with views: taken, they would keep all values of the blocks in memory.
Result<std::shared_ptr<arrow::Array>> GatherViews(const arrow::ArrayVector& columns,
                                                  std::span<const RowRef> rows,
                                                  arrow::MemoryPool* pool) {
  ARROW_RETURN_NOT_OK(RegisterComputeFunctions());
  arrow::compute::ExecContext context(pool);
  const auto options = arrow::compute::CastOptions::Unsafe();
  arrow::ArrayVector plain;
  std::vector<const arrow::ArrayData*> parts;
  for (const auto& column : columns) {
    ARROW_ASSIGN_OR_RAISE(auto cast,
                          arrow::compute::Cast(*column, arrow::large_binary(), options, &context));
    parts.push_back(cast->data().get());
    plain.push_back(std::move(cast));
  }
  ARROW_ASSIGN_OR_RAISE(const auto gathered, GatherBinary(parts, rows, pool));
  return arrow::compute::Cast(*arrow::MakeArray(gathered), columns.front()->type(), options,
                              &context);
}

/// Dictionaries that are one and the same: their codes.
Result<std::shared_ptr<arrow::ArrayData>> GatherCodes(
    const std::vector<const arrow::ArrayData*>& parts, std::span<const RowRef> rows,
    arrow::MemoryPool* pool) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*parts.front()->type);
  std::vector<std::shared_ptr<arrow::ArrayData>> codes;
  std::vector<const arrow::ArrayData*> code_parts;
  for (const arrow::ArrayData* part : parts) {
    codes.push_back(part->Copy());
    codes.back()->type = type.index_type();
    codes.back()->dictionary = nullptr;
    code_parts.push_back(codes.back().get());
  }
  ARROW_ASSIGN_OR_RAISE(auto gathered, GatherFixed(code_parts, rows, pool));
  gathered->type = parts.front()->type;
  gathered->dictionary = parts.front()->dictionary;
  return gathered;
}

bool ShareDictionary(const std::vector<const arrow::ArrayData*>& parts) {
  return parts.front()->type->id() == arrow::Type::DICTIONARY &&
         std::all_of(parts.begin(), parts.end(), [&](const arrow::ArrayData* part) {
           return part->dictionary == parts.front()->dictionary;
         });
}

Result<std::shared_ptr<arrow::ArrayData>> GatherColumn(const std::vector<Block>& blocks, int index,
                                                       std::span<const RowRef> rows,
                                                       arrow::MemoryPool* pool) {
  std::vector<const arrow::ArrayData*> parts;
  parts.reserve(blocks.size());
  for (const Block& block : blocks) parts.push_back(block.batch()->column_data(index).get());
  const arrow::Type::type id = parts.front()->type->storage_id();
  if (id == arrow::Type::BOOL) return GatherBools(parts, rows, pool);
  if (arrow::is_base_binary_like(id)) return GatherBinary(parts, rows, pool);
  if (ShareDictionary(parts)) return GatherCodes(parts, rows, pool);
  ARROW_ASSIGN_OR_RAISE(auto fixed, GatherFixed(parts, rows, pool));
  if (fixed != nullptr) return fixed;
  arrow::ArrayVector columns;
  for (const Block& block : blocks) columns.push_back(block.batch()->column(index));
  ARROW_ASSIGN_OR_RAISE(const auto gathered, arrow::is_binary_view_like(parts.front()->type->id())
                                                 ? GatherViews(columns, rows, pool)
                                                 : GatherAny(columns, rows, pool));
  return gathered->data();
}

}  // namespace

Result<Block> GatherRows(const std::vector<Block>& blocks, std::span<const RowRef> rows,
                         arrow::MemoryPool* pool) {
  if (blocks.empty()) return Block();
  const auto& schema = blocks.front().schema();
  std::vector<std::shared_ptr<arrow::ArrayData>> gathered;
  for (int i = 0; i < schema->num_fields(); ++i) {
    auto column = GatherColumn(blocks, i, rows, pool);
    if (!column.ok()) {
      return WithPrefix(column.status(), "Column '" + schema->field(i)->name() + "': ");
    }
    gathered.push_back(*std::move(column));
  }
  return Block(
      arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(gathered)));
}

}  // namespace headrace::compute
