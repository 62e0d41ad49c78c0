// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>
#include <arrow/type.h>

#include <memory>
#include <vector>

#include "headrace/base/status.h"

namespace headrace {

/// Tensor columns are Arrow's canonical extensions: `arrow.fixed_shape_tensor` (storage
/// fixed_size_list<T>[prod(shape)]) when all rows share a shape, else `arrow.variable_shape_tensor`
/// (storage struct<data: list<T>, shape: fixed_size_list<int32>[ndim]>). Values are row-major.
/// Python objects that Arrow cannot hold are `headrace.object`: storage large_binary with
/// cloudpickle bytes, decoded only for functions of the same job, never from files.

/// Fixed-shape tensor type. `shape` has at least one dimension.
Result<std::shared_ptr<arrow::DataType>> FixedShapeTensor(std::shared_ptr<arrow::DataType> value,
                                                          std::vector<int64_t> shape);
/// Variable-shape tensor type with `ndim` dimensions.
Result<std::shared_ptr<arrow::DataType>> VariableShapeTensor(std::shared_ptr<arrow::DataType> value,
                                                             int ndim);
std::shared_ptr<arrow::DataType> ObjectType();

bool IsFixedShapeTensor(const arrow::DataType& type);
bool IsVariableShapeTensor(const arrow::DataType& type);
bool IsObject(const arrow::DataType& type);

/// Shape of a fixed-shape tensor type (without the row dimension).
std::vector<int64_t> TensorShape(const arrow::DataType& fixed_shape_tensor);
/// Element type of a fixed- or variable-shape tensor type.
std::shared_ptr<arrow::DataType> TensorValueType(const arrow::DataType& tensor);

/// Tensor array over `values` (a primitive array of rows * prod(shape) elements). Zero-copy.
Result<std::shared_ptr<arrow::Array>> MakeFixedShapeTensorArray(
    const std::shared_ptr<arrow::Array>& values, std::vector<int64_t> shape);

/// Variable-shape tensor array: row i has `shapes[i]` (all of one rank) and the next
/// prod(shapes[i]) elements of `values`.
Result<std::shared_ptr<arrow::Array>> MakeVariableShapeTensorArray(
    const std::shared_ptr<arrow::Array>& values, const std::vector<std::vector<int64_t>>& shapes);

/// Fixed-shape tensor array as a variable-shape one.
Result<std::shared_ptr<arrow::Array>> ToVariableShape(const arrow::Array& fixed_shape);

/// Registers the extension types with Arrow. Called once by every process before blocks are made.
Status RegisterExtensionTypes();

}  // namespace headrace
