// SPDX-License-Identifier: Apache-2.0
// The way from Python columns to Arrow arrays, declared in python_columns.h.
#include <arrow/array/array_nested.h>
#include <arrow/buffer.h>
#include <arrow/buffer_builder.h>
#include <arrow/extension_type.h>
#include <arrow/record_batch.h>

#include <limits>
#include <string>
#include <string_view>

#include "bindings/arrow_capsule.h"
#include "bindings/numpy_api.h"
#include "bindings/python_columns.h"
#include "bindings/raise.h"
#include "bindings/value_builder.h"
#include "headrace/block/tensor.h"

namespace headrace::bindings {
namespace {

/// The memory of an ndarray. May be destroyed on any thread; takes the GIL then.
class NdarrayBuffer final : public arrow::Buffer {
 public:
  explicit NdarrayBuffer(PyArrayObject* array)
      : arrow::Buffer(static_cast<const uint8_t*>(PyArray_DATA(array)), PyArray_NBYTES(array)),
        array_(reinterpret_cast<PyObject*>(array)) {
    Py_INCREF(array_);
  }
  ~NdarrayBuffer() override {
    // At exit the array goes with the process.
    if (!InterpreterIsAlive()) return;
    const PyGILState_STATE state = PyGILState_Ensure();
    Py_DECREF(array_);
    PyGILState_Release(state);
  }

 private:
  PyObject* array_;
};

PyArrayObject* AsArray(nb::handle array) { return reinterpret_cast<PyArrayObject*>(array.ptr()); }

/// Arrow type of native numbers, nullptr for everything else.
std::shared_ptr<arrow::DataType> NumberType(int type) {
  switch (type) {
    case NPY_FLOAT16:
      return arrow::float16();
    case NPY_FLOAT32:
      return arrow::float32();
    case NPY_FLOAT64:
      return arrow::float64();
    default:
      break;
  }
  if (!PyTypeNum_ISINTEGER(type)) return nullptr;
  PyArray_Descr* descr = PyArray_DescrFromType(type);
  const auto size = PyDataType_ELSIZE(descr);
  Py_DECREF(descr);
  const bool is_signed = PyTypeNum_ISSIGNED(type);
  switch (size) {
    case 1:
      return is_signed ? arrow::int8() : arrow::uint8();
    case 2:
      return is_signed ? arrow::int16() : arrow::uint16();
    case 4:
      return is_signed ? arrow::int32() : arrow::uint32();
    default:
      return is_signed ? arrow::int64() : arrow::uint64();
  }
}

/// `array` in C order, native byte order, aligned; itself when it is so already.
nb::object Plain(nb::handle array, int type) {
  return Steal(PyArray_FROMANY(array.ptr(), type, 0, 0,
                               NPY_ARRAY_CARRAY_RO | NPY_ARRAY_NOTSWAPPED | NPY_ARRAY_FORCECAST));
}

std::shared_ptr<arrow::Array> Numbers(nb::handle array, std::shared_ptr<arrow::DataType> type) {
  const nb::object plain = Plain(array, PyArray_TYPE(AsArray(array)));
  return arrow::MakeArray(
      arrow::ArrayData::Make(std::move(type), PyArray_SIZE(AsArray(plain)),
                             {nullptr, std::make_shared<NdarrayBuffer>(AsArray(plain))}, 0));
}

std::shared_ptr<arrow::Array> Booleans(nb::handle array) {
  const nb::object plain = Plain(array, NPY_BOOL);
  const auto* values = static_cast<const uint8_t*>(PyArray_DATA(AsArray(plain)));
  const int64_t length = PyArray_SIZE(AsArray(plain));
  arrow::TypedBufferBuilder<bool> bits;
  RaiseIfError(bits.Append(values, length));
  return std::make_shared<arrow::BooleanArray>(length, ValueOrRaise(bits.Finish()));
}

/// Validity of times, nullptr when none is missing.
std::shared_ptr<arrow::Buffer> TimeValidity(const int64_t* values, int64_t length,
                                            int64_t* null_count) {
  *null_count = std::count(values, values + length, std::numeric_limits<int64_t>::min());
  if (*null_count == 0) return nullptr;
  arrow::TypedBufferBuilder<bool> bits;
  RaiseIfError(bits.Reserve(length));
  for (int64_t i = 0; i < length; ++i) {
    bits.UnsafeAppend(values[i] != std::numeric_limits<int64_t>::min());
  }
  return ValueOrRaise(bits.Finish());
}

std::shared_ptr<arrow::Array> Times(nb::handle array) {
  const bool is_moment = PyArray_TYPE(AsArray(array)) == NPY_DATETIME;
  const nb::object name = array.attr("dtype").attr("name");  // datetime64[us]
  const std::string_view text = Utf8View(name.ptr());
  const size_t bracket = text.find('[');
  const std::string_view unit =
      bracket == text.npos ? "" : text.substr(bracket + 1, text.size() - bracket - 2);
  std::shared_ptr<arrow::DataType> type;
  if (is_moment && unit == "D") {
    type = arrow::date32();
  } else if (unit == "s" || unit == "ms" || unit == "us" || unit == "ns") {
    const auto arrow_unit = unit == "s"    ? arrow::TimeUnit::SECOND
                            : unit == "ms" ? arrow::TimeUnit::MILLI
                            : unit == "us" ? arrow::TimeUnit::MICRO
                                           : arrow::TimeUnit::NANO;
    type = is_moment ? arrow::timestamp(arrow_unit) : arrow::duration(arrow_unit);
  } else {
    // Units that Arrow does not have: hours, weeks, …
    return Times(array.attr("astype")(is_moment ? "M8[s]" : "m8[s]"));
  }
  const nb::object plain = Plain(array.attr("view")("i8"), NPY_INT64);
  const auto* values = static_cast<const int64_t*>(PyArray_DATA(AsArray(plain)));
  const int64_t length = PyArray_SIZE(AsArray(plain));
  int64_t null_count = 0;
  auto validity = TimeValidity(values, length, &null_count);
  std::shared_ptr<arrow::Buffer> buffer = std::make_shared<NdarrayBuffer>(AsArray(plain));
  if (type->id() == arrow::Type::DATE32) {
    arrow::TypedBufferBuilder<int32_t> days;
    RaiseIfError(days.Reserve(length));
    for (int64_t i = 0; i < length; ++i) days.UnsafeAppend(static_cast<int32_t>(values[i]));
    buffer = ValueOrRaise(days.Finish());
  }
  return arrow::MakeArray(arrow::ArrayData::Make(type, length, {validity, buffer}, null_count));
}

/// Objects, strings, and other types without an Arrow counterpart, value by value.
std::shared_ptr<arrow::Array> ValueByValue(nb::handle array) {
  ValueBuilder builder;
  const nb::object list = array.attr("tolist")();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list.ptr()); ++i) {
    builder.Append(PyList_GET_ITEM(list.ptr(), i));
  }
  return builder.Finish();
}

std::shared_ptr<arrow::Array> FlatArray(nb::handle array) {
  const int type = PyArray_TYPE(AsArray(array));
  if (type == NPY_BOOL) return Booleans(array);
  if (type == NPY_LONGDOUBLE) {
    return Numbers(Plain(array, NPY_FLOAT64), arrow::float64());
  }
  if (auto number_type = NumberType(type)) return Numbers(array, std::move(number_type));
  if (type == NPY_DATETIME || type == NPY_TIMEDELTA) return Times(array);
  return ValueByValue(array);
}

bool HasTensorElements(nb::handle array) {
  const int type = PyArray_TYPE(AsArray(array));
  return type == NPY_BOOL || type == NPY_LONGDOUBLE || NumberType(type) != nullptr;
}

bool Has(nb::handle object, const char* attribute) {
  return PyObject_HasAttrString(object.ptr(), attribute) == 1;
}

/// The first 200 characters of str(object), as Ray's messages show it.
nb::object TruncatedStr(nb::handle object) {
  nb::object text = Steal(PyObject_Str(object.ptr()));
  if (PyUnicode_GetLength(text.ptr()) <= 200) return text;
  const nb::object head = Steal(PyUnicode_Substring(text.ptr(), 0, 200));
  return Steal(PyUnicode_FromFormat("%U...", head.ptr()));
}

/// What a column may be: a list, an ndarray, or something array-like.
bool IsColumn(nb::handle values) {
  if (PyList_Check(values.ptr())) return true;
  if (IsNdarray(values.ptr())) return PyArray_NDIM(AsArray(values)) > 0;
  if (PyUnicode_Check(values.ptr()) || IsNumpyScalar(values.ptr())) return false;
  return (Has(values, "__array__") && Has(values, "__len__")) || Has(values, "__arrow_c_array__") ||
         Has(values, "__arrow_c_stream__");
}

void CheckColumns(nb::handle batch, nb::handle items) {
  for (nb::handle item : items) {
    const nb::object name = item[0];
    const nb::object values = item[1];
    if (!PyUnicode_Check(name.ptr())) {
      PyErr_Format(PyExc_ValueError, "Error validating %U: column names must be strings, got %R",
                   TruncatedStr(batch).ptr(), name.ptr());
      throw nb::python_error();
    }
    if (IsColumn(values)) continue;
    PyErr_Format(PyExc_ValueError,
                 "Error validating %U: The `fn` you passed to `map_batches` returned a `dict`. "
                 "`map_batches` expects all `dict` values to be `list` or `np.ndarray` type, but "
                 "the value corresponding to key %R is of type %R. To fix this issue, convert the "
                 "%R to a `np.ndarray`.",
                 TruncatedStr(batch).ptr(), name.ptr(), Py_TYPE(values.ptr()),
                 Py_TYPE(values.ptr()));
    throw nb::python_error();
  }
}

}  // namespace

std::shared_ptr<arrow::Array> FixedShapeTensorOf(const std::shared_ptr<arrow::Array>& values,
                                                 int64_t rows, const std::vector<int64_t>& shape) {
  const auto type = ValueOrRaise(FixedShapeTensor(values->type(), shape));
  const auto& storage_type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  return arrow::ExtensionType::WrapArray(
      type, std::make_shared<arrow::FixedSizeListArray>(storage_type, rows, values));
}

std::shared_ptr<arrow::Array> ArrayFromNdarray(nb::handle ndarray) {
  PyArrayObject* array = AsArray(ndarray);
  if (PyArray_NDIM(array) == 1) return FlatArray(ndarray);
  if (!HasTensorElements(ndarray)) return ValueByValue(ndarray);
  const nb::object plain = Plain(ndarray, PyArray_TYPE(array));
  const nb::object flat = Steal(PyArray_Ravel(AsArray(plain), NPY_CORDER));
  const std::vector<int64_t> shape(PyArray_DIMS(array) + 1,
                                   PyArray_DIMS(array) + PyArray_NDIM(array));
  return FixedShapeTensorOf(FlatArray(flat), PyArray_DIM(array, 0), shape);
}

std::shared_ptr<arrow::Array> ColumnFromPython(nb::handle values) {
  if (PyList_Check(values.ptr())) {
    ValueBuilder builder;
    // The list may change while a value's own code runs.
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(values.ptr()); ++i) {
      builder.Append(nb::borrow(PyList_GET_ITEM(values.ptr(), i)).ptr());
    }
    return builder.Finish();
  }
  if (IsNdarray(values.ptr())) {
    EnsureNumpy();
    return ArrayFromNdarray(values);
  }
  if (Has(values, "__arrow_c_array__") || Has(values, "__arrow_c_stream__")) {
    return ArrayFromArrow(values);
  }
  EnsureNumpy();
  nb::object array;
  try {
    array = Steal(PyArray_FROM_O(values.ptr()));
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) throw;
    const nb::object text = Steal(PyObject_Str(error.value().ptr()));
    PyErr_Format(PyExc_ValueError, "Failed to convert column values to numpy array: (%U): %U.",
                 TruncatedStr(values).ptr(), text.ptr());
    throw nb::python_error();
  }
  return ArrayFromNdarray(array);
}

Block FromNumpy(nb::handle batch) {
  const nb::object items = Steal(PyMapping_Items(batch.ptr()));
  CheckColumns(batch, items);
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (nb::handle item : items) {
    const nb::object name = item[0];
    columns.push_back(ColumnFromPython(item[1]));
    fields.push_back(arrow::field(std::string(Utf8View(name.ptr())), columns.back()->type()));
    if (columns.back()->length() != columns.front()->length()) {
      PyErr_Format(PyExc_ValueError,
                   "All arrays must be of the same length: column %R has %lld rows, column '%s' "
                   "has %lld",
                   name.ptr(), static_cast<long long>(columns.back()->length()),
                   fields.front()->name().c_str(),
                   static_cast<long long>(columns.front()->length()));
      throw nb::python_error();
    }
  }
  const int64_t rows = columns.empty() ? 0 : columns.front()->length();
  return Block(
      arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows, std::move(columns)));
}

}  // namespace headrace::bindings
