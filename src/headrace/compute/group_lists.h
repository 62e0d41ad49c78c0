// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array/array_nested.h>

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "headrace/base/status.h"

namespace headrace::compute {

/// Rows in the order of their groups: those of group g are rows[begins[g]] up to
/// rows[begins[g + 1]], in the order in which they stood.
struct RowsByGroup {
  std::vector<int64_t> begins;
  std::vector<int64_t> rows;
};
RowsByGroup SortByGroup(std::span<const uint32_t> groups, int64_t num_groups);

/// `values` at `rows`; a negative row is null.
Result<std::shared_ptr<arrow::Array>> TakeAt(const std::shared_ptr<arrow::Array>& values,
                                             std::span<const int64_t> rows,
                                             arrow::MemoryPool* pool);

/// A list per pair of neighbours in `begins`. CapacityError when 2^31 values are too few.
Result<std::shared_ptr<arrow::ListArray>> ListsOf(std::shared_ptr<arrow::Array> values,
                                                  std::span<const int64_t> begins,
                                                  arrow::MemoryPool* pool);

/// The values of all lists of `array`, and to which of `groups`, the group of each list, each
/// belongs.
struct Flattened {
  std::shared_ptr<arrow::Array> values;
  std::vector<uint32_t> groups;
};
Result<Flattened> FlattenLists(const arrow::Array& array, std::span<const uint32_t> groups,
                               arrow::MemoryPool* pool);

/// `values` without nulls and without `groups` of nulls.
Result<Flattened> WithoutNulls(const std::shared_ptr<arrow::Array>& values,
                               std::span<const uint32_t> groups, arrow::MemoryPool* pool);

}  // namespace headrace::compute
