// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/group_lists.h"

#include <arrow/array/builder_primitive.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/datum.h>
#include <arrow/type.h>

#include <limits>

namespace headrace::compute {

RowsByGroup SortByGroup(std::span<const uint32_t> groups, int64_t num_groups) {
  RowsByGroup out;
  out.begins.assign(static_cast<size_t>(num_groups) + 1, 0);
  for (const uint32_t group : groups) ++out.begins[group + 1];
  for (int64_t group = 0; group < num_groups; ++group) {
    out.begins[group + 1] += out.begins[group];
  }
  std::vector<int64_t> next(out.begins.begin(), out.begins.end() - 1);
  out.rows.resize(groups.size());
  for (size_t row = 0; row < groups.size(); ++row) {
    out.rows[next[groups[row]]++] = static_cast<int64_t>(row);
  }
  return out;
}

Result<std::shared_ptr<arrow::Array>> TakeAt(const std::shared_ptr<arrow::Array>& values,
                                             std::span<const int64_t> rows,
                                             arrow::MemoryPool* pool) {
  arrow::Int64Builder builder(pool);
  ARROW_RETURN_NOT_OK(builder.Reserve(static_cast<int64_t>(rows.size())));
  for (const int64_t row : rows) {
    if (row < 0) {
      builder.UnsafeAppendNull();
    } else {
      builder.UnsafeAppend(row);
    }
  }
  ARROW_ASSIGN_OR_RAISE(const auto indices, builder.Finish());
  arrow::compute::ExecContext context(pool);
  ARROW_ASSIGN_OR_RAISE(
      const arrow::Datum taken,
      arrow::compute::Take(values, indices, arrow::compute::TakeOptions::NoBoundsCheck(),
                           &context));
  return taken.make_array();
}

Result<std::shared_ptr<arrow::ListArray>> ListsOf(std::shared_ptr<arrow::Array> values,
                                                  std::span<const int64_t> begins,
                                                  arrow::MemoryPool* pool) {
  if (begins.back() > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("groups hold ", begins.back(),
                                 " values, more than lists of one block can");
  }
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offsets,
      arrow::AllocateBuffer(static_cast<int64_t>(begins.size() * sizeof(int32_t)), pool));
  auto* const out = reinterpret_cast<int32_t*>(offsets->mutable_data());
  for (size_t i = 0; i < begins.size(); ++i) out[i] = static_cast<int32_t>(begins[i]);
  auto type = arrow::list(values->type());
  return std::make_shared<arrow::ListArray>(std::move(type),
                                            static_cast<int64_t>(begins.size()) - 1,
                                            std::move(offsets), std::move(values));
}

Result<Flattened> FlattenLists(const arrow::Array& array, std::span<const uint32_t> groups,
                               arrow::MemoryPool* pool) {
  const auto& lists = static_cast<const arrow::ListArray&>(array);
  Flattened out;
  ARROW_ASSIGN_OR_RAISE(out.values, lists.Flatten(pool));
  out.groups.reserve(static_cast<size_t>(out.values->length()));
  for (size_t i = 0; i < groups.size(); ++i) {
    if (lists.IsNull(static_cast<int64_t>(i))) continue;
    out.groups.insert(out.groups.end(), lists.value_length(static_cast<int64_t>(i)), groups[i]);
  }
  return out;
}

Result<Flattened> WithoutNulls(const std::shared_ptr<arrow::Array>& values,
                               std::span<const uint32_t> groups, arrow::MemoryPool* pool) {
  Flattened out;
  if (values->null_count() == 0) {
    out.values = values;
    out.groups.assign(groups.begin(), groups.end());
    return out;
  }
  std::vector<int64_t> rows;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (values->IsNull(static_cast<int64_t>(i))) continue;
    rows.push_back(static_cast<int64_t>(i));
    out.groups.push_back(groups[i]);
  }
  ARROW_ASSIGN_OR_RAISE(out.values, TakeAt(values, rows, pool));
  return out;
}

}  // namespace headrace::compute
