// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/array.h>

#include <memory>
#include <vector>

#include "bindings/python_object.h"

namespace headrace::bindings {

/// Whether the elements of `ndarray` are numbers or bools, which tensors can hold.
bool IsNumericArray(PyObject* ndarray);

/// Tensor column of ndarrays and array-likes; null pointers are null rows. Fixed-shape when all
/// shapes are equal, variable-shape when they have one rank, pickled objects otherwise.
std::shared_ptr<arrow::Array> TensorArray(const std::vector<nb::object>& values);

}  // namespace headrace::bindings
