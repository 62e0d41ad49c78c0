// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>
#include <string>
#include <vector>

#include "bindings/python_object.h"
#include "headrace/block.h"

namespace headrace::bindings {

/// `block` as dict[str, ndarray]. Numbers, times and fixed-shape tensors without nulls are views
/// that keep the memory alive and are read-only, or copies with `copy`. Nullable integers become
/// float64 with NaN; nullable booleans, strings, decimals, lists and structs object arrays.
nb::object ToNumpy(const Block& block, bool copy);

/// As ToNumpy, and leaves `block` empty: memory that nobody else refers to is lent out writable.
nb::object TakeNumpy(Block& block);

/// One column as in ToNumpy. A `writable` array never shares memory with `array`.
nb::object ColumnToNumpy(const std::shared_ptr<arrow::Array>& array, bool writable);

/// A fixed-shape tensor array as one read-only ndarray (rows, *shape); what null rows hold is
/// undefined.
nb::object FixedTensorToNumpy(const arrow::Array& array);

/// Row `index` of a variable-shape tensor array, which is not null, as a read-only ndarray.
nb::object VariableTensorCell(const arrow::Array& array, int64_t index);

/// Block of the mapping `batch`: name -> ndarray, list or array-like (torch tensor, pyarrow array,
/// pandas series). Numeric ndarrays are shared, not copied. Raises ValueError for values that are
/// not columns and for unequal lengths.
Block FromNumpy(nb::handle batch);

/// `values` (see FromNumpy) as an Arrow array.
std::shared_ptr<arrow::Array> ColumnFromPython(nb::handle values);

/// Array of an ndarray with at least one dimension; more make a tensor column. Native numeric data
/// is shared.
std::shared_ptr<arrow::Array> ArrayFromNdarray(nb::handle ndarray);

/// Fixed-shape tensor column of `rows` rows over the flat `values`; shapes may have dimensions of
/// 0.
std::shared_ptr<arrow::Array> FixedShapeTensorOf(const std::shared_ptr<arrow::Array>& values,
                                                 int64_t rows, const std::vector<int64_t>& shape);

}  // namespace headrace::bindings
