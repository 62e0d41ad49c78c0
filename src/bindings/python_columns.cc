// SPDX-License-Identifier: Apache-2.0
#include "bindings/python_columns.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/compute/api_scalar.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/cast.h>
#include <arrow/extension_type.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>
#include <vector>

#include "bindings/cell_reader.h"
#include "bindings/numpy_api.h"
#include "bindings/raise.h"
#include "headrace/block/tensor.h"

namespace headrace::bindings {
namespace {

using arrow::Type;

/// NumPy's type number for a type that both sides store alike, or -1.
int NumpyType(Type::type id) {
  switch (id) {
    case Type::INT8:
      return NPY_INT8;
    case Type::INT16:
      return NPY_INT16;
    case Type::INT32:
      return NPY_INT32;
    case Type::INT64:
      return NPY_INT64;
    case Type::UINT8:
      return NPY_UINT8;
    case Type::UINT16:
      return NPY_UINT16;
    case Type::UINT32:
      return NPY_UINT32;
    case Type::UINT64:
      return NPY_UINT64;
    case Type::HALF_FLOAT:
      return NPY_FLOAT16;
    case Type::FLOAT:
      return NPY_FLOAT32;
    case Type::DOUBLE:
      return NPY_FLOAT64;
    default:
      return -1;
  }
}

bool IsFloat(Type::type id) {
  return id == Type::HALF_FLOAT || id == Type::FLOAT || id == Type::DOUBLE;
}

const char* UnitName(arrow::TimeUnit::type unit) {
  switch (unit) {
    case arrow::TimeUnit::SECOND:
      return "s";
    case arrow::TimeUnit::MILLI:
      return "ms";
    case arrow::TimeUnit::MICRO:
      return "us";
    case arrow::TimeUnit::NANO:
      return "ns";
  }
  return "us";
}

nb::object Descr(const std::string& name) {
  PyArray_Descr* descr = nullptr;
  if (PyArray_DescrConverter(NewString(name).ptr(), &descr) != NPY_SUCCEED) {
    throw nb::python_error();
  }
  return nb::steal(reinterpret_cast<PyObject*>(descr));
}

nb::object Descr(int type) {
  return Steal(reinterpret_cast<PyObject*>(PyArray_DescrFromType(type)));
}

PyArrayObject* AsArray(const nb::object& array) {
  return reinterpret_cast<PyArrayObject*>(array.ptr());
}

/// New array of `length` uninitialised elements (null, that is None, for objects).
nb::object NewArray(const nb::object& descr, npy_intp length) {
  Py_INCREF(descr.ptr());  // PyArray_NewFromDescr takes one
  return Steal(PyArray_NewFromDescr(&PyArray_Type, reinterpret_cast<PyArray_Descr*>(descr.ptr()), 1,
                                    &length, nullptr, nullptr, 0, nullptr));
}

template <typename T>
T* Data(const nb::object& array) {
  return static_cast<T*>(PyArray_DATA(AsArray(array)));
}

/// Read-only array over `data`, which `owner` keeps alive.
nb::object View(const nb::object& descr, const void* data, const std::vector<npy_intp>& shape,
                std::shared_ptr<const void> owner) {
  static char empty = 0;
  Py_INCREF(descr.ptr());
  nb::object array = Steal(PyArray_NewFromDescr(
      &PyArray_Type, reinterpret_cast<PyArray_Descr*>(descr.ptr()), static_cast<int>(shape.size()),
      shape.data(), nullptr, data == nullptr ? &empty : const_cast<void*>(data), 0, nullptr));
  nb::capsule base(new std::shared_ptr<const void>(std::move(owner)), [](void* pointer) noexcept {
    delete static_cast<std::shared_ptr<const void>*>(pointer);
  });
  CheckCode(PyArray_SetBaseObject(AsArray(array), base.release().ptr()));
  return array;
}

nb::object Copy(const nb::object& array) {
  return Steal(PyArray_NewCopy(AsArray(array), NPY_CORDER));
}

nb::object ViewOrCopy(const nb::object& descr, const std::shared_ptr<arrow::ArrayData>& data,
                      int width, bool writable) {
  const uint8_t* start =
      data->buffers[1] == nullptr ? nullptr : data->buffers[1]->data() + data->offset * width;
  nb::object view = View(descr, start, {data->length}, data);
  return writable ? Copy(view) : view;
}

nb::object ObjectColumn(const std::shared_ptr<arrow::Array>& array) {
  nb::object column = NewArray(Descr(NPY_OBJECT), array->length());
  CellReader::Make(array, ListCells::kNdarrays)->Read(0, array->length(), Data<PyObject*>(column));
  return column;
}

nb::object Booleans(const std::shared_ptr<arrow::Array>& array) {
  if (array->null_count() > 0) return ObjectColumn(array);
  const auto& booleans = static_cast<const arrow::BooleanArray&>(*array);
  nb::object column = NewArray(Descr(NPY_BOOL), array->length());
  auto* out = Data<npy_bool>(column);
  for (int64_t i = 0; i < array->length(); ++i) out[i] = booleans.Value(i);
  return column;
}

nb::object Doubles(const std::shared_ptr<arrow::Array>& array) {
  const auto as_double = ValueOrRaise(
      arrow::compute::Cast(*array, arrow::float64(), arrow::compute::CastOptions::Unsafe()));
  const double* values = static_cast<const arrow::DoubleArray&>(*as_double).raw_values();
  nb::object column = NewArray(Descr(NPY_FLOAT64), array->length());
  auto* out = Data<double>(column);
  for (int64_t i = 0; i < array->length(); ++i) {
    out[i] = array->IsNull(i) ? std::numeric_limits<double>::quiet_NaN() : values[i];
  }
  return column;
}

nb::object Numbers(const std::shared_ptr<arrow::Array>& array, bool writable) {
  const int width = static_cast<const arrow::FixedWidthType&>(*array->type()).bit_width() / 8;
  if (array->null_count() == 0) {
    return ViewOrCopy(Descr(NumpyType(array->type_id())), array->data(), width, writable);
  }
  nb::object doubles = Doubles(array);
  if (!IsFloat(array->type_id())) return doubles;
  return Steal(PyArray_Cast(AsArray(doubles), NumpyType(array->type_id())));
}

/// Times are int64 on both sides; NumPy marks missing ones with the smallest value.
nb::object Times(const std::shared_ptr<arrow::Array>& array, const std::string& dtype,
                 bool writable) {
  const bool nulls = array->null_count() > 0;
  nb::object column = ViewOrCopy(Descr(dtype), array->data(), 8, writable || nulls);
  if (nulls) {
    auto* out = Data<int64_t>(column);
    for (int64_t i = 0; i < array->length(); ++i) {
      if (array->IsNull(i)) out[i] = NPY_DATETIME_NAT;
    }
  }
  return column;
}

nb::object Dates(const std::shared_ptr<arrow::Array>& array) {
  const int32_t* days = static_cast<const arrow::Date32Array&>(*array).raw_values();
  nb::object column = NewArray(Descr("M8[D]"), array->length());
  auto* out = Data<int64_t>(column);
  for (int64_t i = 0; i < array->length(); ++i) {
    out[i] = array->IsNull(i) ? NPY_DATETIME_NAT : days[i];
  }
  return column;
}

nb::object NullColumn(int64_t length) {
  nb::object column = NewArray(Descr(NPY_FLOAT32), length);
  std::fill_n(Data<float>(column), length, std::numeric_limits<float>::quiet_NaN());
  return column;
}

nb::object Reshape(const nb::object& array, const std::vector<npy_intp>& shape) {
  PyArray_Dims dims{const_cast<npy_intp*>(shape.data()), static_cast<int>(shape.size())};
  return Steal(PyArray_Newshape(AsArray(array), &dims, NPY_CORDER));
}

nb::object Dictionaries(const std::shared_ptr<arrow::Array>& array, bool writable) {
  const auto& type = static_cast<const arrow::DictionaryType&>(*array->type());
  if (arrow::is_base_binary_like(type.value_type()->id())) return ObjectColumn(array);
  const auto decoded = ValueOrRaise(arrow::compute::Cast(*array, type.value_type()));
  return ColumnToNumpy(decoded, writable);
}

nb::object Extensions(const std::shared_ptr<arrow::Array>& array, bool writable) {
  if (IsFixedShapeTensor(*array->type()) && array->null_count() == 0) {
    nb::object view = FixedTensorToNumpy(*array);
    return writable ? Copy(view) : view;
  }
  if (IsFixedShapeTensor(*array->type()) || IsVariableShapeTensor(*array->type()) ||
      IsObject(*array->type())) {
    nb::object column = ObjectColumn(array);
    if (writable && !IsObject(*array->type())) {
      auto* cells = Data<PyObject*>(column);
      for (int64_t i = 0; i < array->length(); ++i) {
        if (!IsNdarray(cells[i])) continue;
        nb::object cell = Copy(nb::borrow(cells[i]));
        Py_SETREF(cells[i], cell.release().ptr());
      }
    }
    return column;
  }
  return ColumnToNumpy(static_cast<const arrow::ExtensionArray&>(*array).storage(), writable);
}

void SetColumn(const nb::object& columns, const Block& block, int index, const nb::object& column) {
  const nb::object name = NewString(block.schema()->field(index)->name());
  CheckCode(PyDict_SetItem(columns.ptr(), name.ptr(), column.ptr()));
}

/// True when nobody else refers to the memory of `data`, and it may be written to.
bool IsExclusive(const std::shared_ptr<arrow::ArrayData>& data) {
  const auto owned = [](const std::shared_ptr<arrow::Buffer>& buffer) {
    return buffer == nullptr ||
           (buffer.use_count() == 1 && buffer->is_mutable() && buffer->parent() == nullptr);
  };
  return data.use_count() == 1 && std::all_of(data->buffers.begin(), data->buffers.end(), owned) &&
         std::all_of(data->child_data.begin(), data->child_data.end(), IsExclusive);
}

}  // namespace

nb::object ColumnToNumpy(const std::shared_ptr<arrow::Array>& array, bool writable) {
  EnsureNumpy();
  const arrow::DataType& type = *array->type();
  if (NumpyType(type.id()) >= 0) return Numbers(array, writable);
  switch (type.id()) {
    case Type::NA:
      return NullColumn(array->length());
    case Type::BOOL:
      return Booleans(array);
    case Type::TIMESTAMP: {
      const auto unit = static_cast<const arrow::TimestampType&>(type).unit();
      return Times(array, std::string("M8[") + UnitName(unit) + "]", writable);
    }
    case Type::DURATION: {
      const auto unit = static_cast<const arrow::DurationType&>(type).unit();
      return Times(array, std::string("m8[") + UnitName(unit) + "]", writable);
    }
    case Type::DATE64:
      return Times(array, "M8[ms]", writable);
    case Type::DATE32:
      return Dates(array);
    case Type::DICTIONARY:
      return Dictionaries(array, writable);
    case Type::EXTENSION:
      return Extensions(array, writable);
    default:
      return ObjectColumn(array);
  }
}

nb::object FixedTensorToNumpy(const arrow::Array& array) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(array);
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*extension.storage());
  const int64_t width = list.list_type()->list_size();
  const auto values = list.values()->Slice(list.offset() * width, list.length() * width);
  std::vector<npy_intp> shape{static_cast<npy_intp>(list.length())};
  for (const int64_t dim : TensorShape(*array.type())) shape.push_back(dim);
  return Reshape(ColumnToNumpy(values, /*writable=*/false), shape);
}

nb::object VariableTensorCell(const arrow::Array& array, int64_t index) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(array);
  const auto& storage = static_cast<const arrow::StructArray&>(*extension.storage());
  const auto& data = static_cast<const arrow::ListArray&>(*storage.field(0));
  const auto& shapes = static_cast<const arrow::FixedSizeListArray&>(*storage.field(1));
  const auto& dims = static_cast<const arrow::Int32Array&>(*shapes.values());
  std::vector<npy_intp> shape;
  for (int32_t i = 0; i < shapes.list_type()->list_size(); ++i) {
    shape.push_back(dims.Value(shapes.value_offset(index) + i));
  }
  return Reshape(ColumnToNumpy(data.value_slice(index), /*writable=*/false), shape);
}

nb::object ToNumpy(const Block& block, bool copy) {
  nb::object columns = Steal(PyDict_New());
  for (int i = 0; i < block.num_columns(); ++i) {
    SetColumn(columns, block, i, ColumnToNumpy(block.batch()->column(i), copy));
  }
  return columns;
}

nb::object TakeNumpy(Block& block) {
  const Block taken = std::exchange(block, Block());
  const bool only_here = taken.batch().use_count() == 1;
  nb::object columns = Steal(PyDict_New());
  for (int i = 0; i < taken.num_columns(); ++i) {
    // Asked first: an Array over the column refers to its memory as well.
    const bool exclusive = only_here && IsExclusive(taken.batch()->column_data()[i]);
    const nb::object column = ColumnToNumpy(taken.batch()->column(i), /*writable=*/false);
    if (exclusive) PyArray_ENABLEFLAGS(AsArray(column), NPY_ARRAY_WRITEABLE);
    SetColumn(columns, taken, i, column);
  }
  return columns;
}

}  // namespace headrace::bindings
