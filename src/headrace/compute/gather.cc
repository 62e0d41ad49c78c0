// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather.h"

#include <arrow/array/array_nested.h>
#include <arrow/array/builder_primitive.h>
#include <arrow/array/concatenate.h>
#include <arrow/array/util.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/extension_type.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "headrace/block/compute_functions.h"

namespace headrace::compute {
namespace {

const arrow::DataType& Storage(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION
             ? Storage(*static_cast<const arrow::ExtensionType&>(type).storage_type())
             : type;
}

/// Bytes of a row of `type`; nullopt when rows differ or do not begin at a byte.
std::optional<int64_t> FixedRowBytes(const arrow::DataType& declared) {
  const arrow::DataType& type = Storage(declared);
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    const auto item = FixedRowBytes(*list.value_type());
    return item ? std::optional(*item * list.list_size()) : std::nullopt;
  }
  if (type.id() == arrow::Type::BOOL || !arrow::is_fixed_width(type.id()) ||
      type.id() == arrow::Type::DICTIONARY) {
    return std::nullopt;
  }
  return type.byte_width();
}

/// First byte of the first row; nullptr when some value is null.
const uint8_t* FirstRow(const arrow::ArrayData& data, int64_t first_row) {
  if (data.GetNullCount() != 0) return nullptr;
  const arrow::DataType& type = Storage(*data.type);
  const int64_t row = first_row + data.offset;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const int32_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
    return FirstRow(*data.child_data[0], row * size);
  }
  return data.buffers[1]->data() + row * type.byte_width();
}

/// ArrayData of `type` over `values`, which holds `length` rows.
std::shared_ptr<arrow::ArrayData> Wrap(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                       std::shared_ptr<arrow::Buffer> values) {
  const arrow::DataType& storage = Storage(*type);
  if (storage.id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::ArrayData::Make(type, length, {nullptr, std::move(values)}, 0);
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(storage);
  auto child = Wrap(list.value_type(), length * list.list_size(), std::move(values));
  return arrow::ArrayData::Make(type, length, {nullptr}, {std::move(child)}, 0);
}

template <typename Copy>
void CopyRows(std::span<const RowRef> rows, const std::vector<const uint8_t*>& sources,
              int64_t row_bytes, uint8_t* out, Copy copy) {
  for (const RowRef& row : rows) {
    copy(out, sources[row.block] + row.row * row_bytes);
    out += row_bytes;
  }
}

/// nullptr when the column is not of the simple kind.
Result<std::shared_ptr<arrow::Array>> GatherFixed(const arrow::ArrayVector& columns,
                                                  std::span<const RowRef> rows,
                                                  arrow::MemoryPool* pool) {
  const auto& type = columns.front()->type();
  const auto row_bytes = FixedRowBytes(*type);
  if (!row_bytes) return nullptr;
  std::vector<const uint8_t*> sources;
  for (const auto& column : columns) {
    if (column->length() == 0) {
      sources.push_back(nullptr);
      continue;
    }
    const uint8_t* first = FirstRow(*column->data(), 0);
    if (first == nullptr) return nullptr;
    sources.push_back(first);
  }
  const auto num_rows = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(num_rows * *row_bytes, pool));
  uint8_t* out = values->mutable_data();
  if (*row_bytes == 8) {
    CopyRows(rows, sources, 8, out,
             [](uint8_t* to, const uint8_t* from) { std::memcpy(to, from, 8); });
  } else if (*row_bytes == 4) {
    CopyRows(rows, sources, 4, out,
             [](uint8_t* to, const uint8_t* from) { std::memcpy(to, from, 4); });
  } else {
    CopyRows(
        rows, sources, *row_bytes, out,
        [bytes = *row_bytes](uint8_t* to, const uint8_t* from) { std::memcpy(to, from, bytes); });
  }
  return arrow::MakeArray(Wrap(type, num_rows, std::move(values)));
}

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
  if (parts.empty()) return columns.front()->Slice(0, 0);
  ARROW_ASSIGN_OR_RAISE(const auto joined, arrow::Concatenate(parts, pool));
  std::vector<int64_t> order;
  order.reserve(rows.size());
  for (const RowRef& row : rows) order.push_back(next[row.block]++);
  return TakeRows(joined, order, &context);
}

}  // namespace

Result<Block> GatherRows(const std::vector<Block>& blocks, std::span<const RowRef> rows,
                         arrow::MemoryPool* pool) {
  if (blocks.empty()) return Block();
  const auto& schema = blocks.front().schema();
  arrow::ArrayVector gathered;
  for (int i = 0; i < schema->num_fields(); ++i) {
    arrow::ArrayVector columns;
    for (const Block& block : blocks) columns.push_back(block.batch()->column(i));
    ARROW_ASSIGN_OR_RAISE(auto column, GatherFixed(columns, rows, pool));
    if (column == nullptr) {
      ARROW_ASSIGN_OR_RAISE(column, GatherAny(columns, rows, pool));
    }
    gathered.push_back(std::move(column));
  }
  return Block(
      arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()), std::move(gathered)));
}

}  // namespace headrace::compute
