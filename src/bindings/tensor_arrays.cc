// SPDX-License-Identifier: Apache-2.0
#include "bindings/tensor_arrays.h"

#include <cstring>
#include <optional>

#include "bindings/nullable_objects.h"
#include "bindings/numpy_api.h"
#include "bindings/python_columns.h"
#include "bindings/raise.h"
#include "bindings/value_builder.h"
#include "headrace/block/tensor.h"

namespace headrace::bindings {
namespace {

std::vector<int64_t> ShapeOf(PyArrayObject* array) {
  return {PyArray_DIMS(array), PyArray_DIMS(array) + PyArray_NDIM(array)};
}

/// The tensors one after the other in a flat ndarray of their common type.
nb::object Concatenate(const std::vector<nb::object>& tensors) {
  std::vector<PyArrayObject*> arrays;
  npy_intp total = 0;
  bool one_type = true;
  for (const nb::object& tensor : tensors) {
    if (!tensor) continue;
    arrays.push_back(reinterpret_cast<PyArrayObject*>(tensor.ptr()));
    total += PyArray_SIZE(arrays.back());
    one_type = one_type && PyArray_TYPE(arrays.back()) == PyArray_TYPE(arrays.front());
  }
  PyArray_Descr* descr = PyArray_DescrFromType(PyArray_TYPE(arrays.front()));
  if (!one_type) {
    Py_DECREF(descr);
    descr = PyArray_ResultType(static_cast<npy_intp>(arrays.size()), arrays.data(), 0, nullptr);
  }
  Check(reinterpret_cast<PyObject*>(descr));
  const int type = descr->type_num;
  nb::object flat =
      Steal(PyArray_NewFromDescr(&PyArray_Type, descr, 1, &total, nullptr, nullptr, 0, nullptr));
  char* out = PyArray_BYTES(reinterpret_cast<PyArrayObject*>(flat.ptr()));
  for (PyArrayObject* array : arrays) {
    const nb::object contiguous =
        Steal(PyArray_FROMANY(reinterpret_cast<PyObject*>(array), type, 0, 0,
                              NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST));
    auto* source = reinterpret_cast<PyArrayObject*>(contiguous.ptr());
    std::memcpy(out, PyArray_DATA(source), PyArray_NBYTES(source));
    out += PyArray_NBYTES(source);
  }
  return flat;
}

std::shared_ptr<arrow::Array> WithValidity(const std::shared_ptr<arrow::Array>& array,
                                           const std::vector<nb::object>& values) {
  int64_t null_count = 0;
  auto validity = Validity(values, &null_count);
  if (validity == nullptr) return array;
  auto data = array->data()->Copy();
  data->buffers[0] = validity;
  data->null_count = null_count;
  return arrow::MakeArray(data);
}

}  // namespace

bool IsNumericArray(PyObject* ndarray) {
  const int type = PyArray_TYPE(reinterpret_cast<PyArrayObject*>(ndarray));
  return PyTypeNum_ISNUMBER(type) ? !PyTypeNum_ISCOMPLEX(type) : PyTypeNum_ISBOOL(type);
}

std::shared_ptr<arrow::Array> TensorArray(const std::vector<nb::object>& values) {
  EnsureNumpy();
  std::vector<nb::object> tensors;
  tensors.reserve(values.size());
  std::optional<std::vector<int64_t>> shape;
  bool one_shape = true;
  for (const nb::object& value : values) {
    nb::object tensor = value;
    if (value && !IsNdarray(value.ptr())) {
      tensor = Steal(PyArray_FROM_O(value.ptr()));
      if (!IsNumericArray(tensor.ptr())) return PickledObjects(values);
    }
    if (tensor) {
      const auto this_shape = ShapeOf(reinterpret_cast<PyArrayObject*>(tensor.ptr()));
      if (!shape) shape = this_shape;
      if (this_shape.size() != shape->size()) return PickledObjects(values);
      one_shape = one_shape && this_shape == *shape;
    }
    tensors.push_back(std::move(tensor));
  }
  if (one_shape) {
    // Null rows take room in a fixed-shape column.
    nb::object zeros;
    for (nb::object& tensor : tensors) {
      if (tensor) continue;
      if (!zeros) {
        zeros = Steal(PyArray_ZEROS(static_cast<int>(shape->size()), shape->data(), NPY_BOOL, 0));
      }
      tensor = zeros;
    }
  }
  const auto flat = ArrayFromNdarray(Concatenate(tensors));
  if (one_shape) {
    return WithValidity(FixedShapeTensorOf(flat, static_cast<int64_t>(values.size()), *shape),
                        values);
  }
  std::vector<std::vector<int64_t>> shapes;
  for (const nb::object& tensor : tensors) {
    shapes.push_back(tensor ? ShapeOf(reinterpret_cast<PyArrayObject*>(tensor.ptr()))
                            : std::vector<int64_t>(shape->size(), 0));
  }
  return WithValidity(ValueOrRaise(MakeVariableShapeTensorArray(flat, shapes)), values);
}

}  // namespace headrace::bindings
