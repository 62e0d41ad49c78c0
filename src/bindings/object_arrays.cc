// SPDX-License-Identifier: Apache-2.0
// Arrow arrays of Python values that need more than a loop over scalars: nested values, tensors,
// times, decimals, and pickled objects for the rest.
#include <Python.h>
// Needs Python.h before it.
#include <datetime.h>

#include <arrow/array/array_nested.h>
#include <arrow/buffer_builder.h>
#include <arrow/builder.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <limits>

#include "bindings/arrow_capsule.h"
#include "bindings/nullable_objects.h"
#include "bindings/numpy_api.h"
#include "bindings/raise.h"
#include "bindings/row_collector.h"
#include "bindings/tensor_arrays.h"
#include "bindings/time_arrays.h"
#include "bindings/value_builder.h"
#include "headrace/block/tensor.h"

namespace headrace::bindings {
namespace {

enum class Family {
  kNothing,
  kNumber,
  kText,
  kBytes,
  kSequence,
  kMapping,
  kTensor,
  kDatetime,
  kDate,
  kTimedelta,
  kDecimal,
  kOther,
  kMixed
};

bool HasOnlyStringKeys(PyObject* dict) {
  PyObject* key = nullptr;
  Py_ssize_t position = 0;
  while (PyDict_Next(dict, &position, &key, nullptr)) {
    if (!PyUnicode_Check(key)) return false;
  }
  return true;
}

/// torch tensors and the like; pyarrow and pandas have their own ways in.
bool IsTensorLike(PyObject* value) {
  return PyObject_HasAttrString(value, "__array__") && PyObject_HasAttrString(value, "__len__") &&
         !PyObject_HasAttrString(value, "__arrow_c_array__") &&
         !PyObject_HasAttrString(value, "__arrow_c_stream__");
}

bool IsDecimal(PyObject* value) {
  // Without the module there is no Decimal.
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), "decimal");
  if (module == nullptr) return false;
  const nb::object type = Steal(PyObject_GetAttrString(module, "Decimal"));
  return PyObject_IsInstance(value, type.ptr()) == 1;
}

Family FamilyOf(PyObject* value) {
  if (PyUnicode_Check(value)) return Family::kText;
  if (PyFloat_Check(value) || PyLong_Check(value)) return Family::kNumber;
  if (PyBytes_Check(value)) return Family::kBytes;
  if (PyList_Check(value) || PyTuple_Check(value) || PyAnySet_Check(value)) {
    return Family::kSequence;
  }
  if (PyDict_Check(value)) return HasOnlyStringKeys(value) ? Family::kMapping : Family::kMixed;
  if (IsNdarray(value)) return IsNumericArray(value) ? Family::kTensor : Family::kSequence;
  // Subclasses such as pandas.Timestamp carry more than these types can hold.
  if (Py_TYPE(value) == PyDateTimeAPI->DateTimeType) {
    return PyDateTime_DATE_GET_TZINFO(value) == Py_None ? Family::kDatetime : Family::kOther;
  }
  if (Py_TYPE(value) == PyDateTimeAPI->DateType) return Family::kDate;
  if (Py_TYPE(value) == PyDateTimeAPI->DeltaType) return Family::kTimedelta;
  if (IsDecimal(value)) return Family::kDecimal;
  if (IsTensorLike(value)) return Family::kTensor;
  return Family::kOther;
}

Family CommonFamily(const std::vector<nb::object>& values) {
  Family common = Family::kNothing;
  for (const nb::object& value : values) {
    if (!value) continue;
    const Family family = FamilyOf(value.ptr());
    if (common == Family::kNothing) common = family;
    if (family != common) return Family::kMixed;
  }
  return common;
}

std::shared_ptr<arrow::Array> ListArray(const std::vector<nb::object>& values) {
  ValueBuilder items;
  arrow::TypedBufferBuilder<int32_t> offsets;
  RaiseIfError(offsets.Append(0));
  for (const nb::object& value : values) {
    if (value) {
      const nb::object cell = IsNdarray(value.ptr()) ? nb::object(value.attr("tolist")()) : value;
      const nb::object sequence = Steal(PySequence_Fast(cell.ptr(), "a list cell"));
      for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence.ptr()); ++i) {
        items.Append(PySequence_Fast_GET_ITEM(sequence.ptr(), i));
      }
    }
    if (items.length() > std::numeric_limits<int32_t>::max()) {
      RaiseIfError(
          Status::CapacityError("a list column of one block holds at most 2^31 - 1 items"));
    }
    RaiseIfError(offsets.Append(static_cast<int32_t>(items.length())));
  }
  int64_t null_count = 0;
  auto validity = Validity(values, &null_count);
  auto item_array = items.Finish();
  return std::make_shared<arrow::ListArray>(arrow::list(item_array->type()), values.size(),
                                            ValueOrRaise(offsets.Finish()), item_array, validity,
                                            null_count);
}

std::shared_ptr<arrow::Array> StructArray(const std::vector<nb::object>& values) {
  RowCollector rows;
  const nb::object nothing = Steal(PyDict_New());
  for (const nb::object& value : values) rows.Append(value ? value.ptr() : nothing.ptr());
  const Block fields = rows.Finish();
  int64_t null_count = 0;
  auto validity = Validity(values, &null_count);
  return std::make_shared<arrow::StructArray>(arrow::struct_(fields.schema()->fields()),
                                              values.size(), fields.batch()->columns(), validity,
                                              null_count);
}

/// nullptr when the values do not fit 38 digits or are no numbers.
std::shared_ptr<arrow::Array> DecimalArray(const std::vector<nb::object>& values) {
  struct Parsed {
    arrow::Decimal128 value;
    int32_t scale = 0;
  };
  std::vector<Parsed> parsed(values.size());
  int32_t whole_digits = 0;
  int32_t scale = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (!values[i]) continue;
    const nb::object text = Steal(PyObject_Str(values[i].ptr()));
    int32_t precision = 0;
    if (!arrow::Decimal128::FromString(Utf8View(text.ptr()), &parsed[i].value, &precision,
                                       &parsed[i].scale)
             .ok()) {
      return nullptr;
    }
    whole_digits = std::max(whole_digits, precision - parsed[i].scale);
    scale = std::max(scale, parsed[i].scale);
  }
  const int32_t precision = std::max(whole_digits + scale, 1);
  if (precision > arrow::Decimal128Type::kMaxPrecision) return nullptr;
  arrow::Decimal128Builder builder(arrow::decimal128(precision, scale));
  for (size_t i = 0; i < values.size(); ++i) {
    RaiseIfError(values[i]
                     ? builder.Append(ValueOrRaise(parsed[i].value.Rescale(parsed[i].scale, scale)))
                     : builder.AppendNull());
  }
  return ValueOrRaise(builder.Finish());
}

/// nullptr when pyarrow cannot convert the values either.
std::shared_ptr<arrow::Array> PyarrowArray(const std::vector<nb::object>& values) {
  nb::list list;
  for (const nb::object& value : values) list.append(value ? value : nb::object(nb::none()));
  try {
    return ArrayFromArrow(nb::module_::import_("pyarrow").attr("array")(list));
  } catch (nb::python_error& error) {
    if (!error.matches(PyExc_Exception)) throw;
    return nullptr;
  }
}

}  // namespace

std::shared_ptr<arrow::Array> PickledObjects(const std::vector<nb::object>& values) {
  const nb::object dumps = nb::module_::import_("cloudpickle").attr("dumps");
  arrow::LargeBinaryBuilder builder;
  for (const nb::object& value : values) {
    if (!value) {
      RaiseIfError(builder.AppendNull());
      continue;
    }
    const nb::object pickle = dumps(value);
    RaiseIfError(builder.Append(PyBytes_AS_STRING(pickle.ptr()), PyBytes_GET_SIZE(pickle.ptr())));
  }
  return arrow::ExtensionType::WrapArray(ObjectType(), ValueOrRaise(builder.Finish()));
}

std::shared_ptr<arrow::Array> ArrayFromObjects(const std::vector<nb::object>& values) {
  if (PyDateTimeAPI == nullptr) {
    PyDateTime_IMPORT;
    if (PyDateTimeAPI == nullptr) throw nb::python_error();
  }
  std::shared_ptr<arrow::Array> array;
  switch (CommonFamily(values)) {
    case Family::kNothing:
      return std::make_shared<arrow::NullArray>(values.size());
    case Family::kSequence:
      return ListArray(values);
    case Family::kMapping:
      return StructArray(values);
    case Family::kTensor:
      return TensorArray(values);
    case Family::kDatetime:
      return TimestampArray(values);
    case Family::kDate:
      return DateArray(values);
    case Family::kTimedelta:
      return DurationArray(values);
    case Family::kMixed:
      return PickledObjects(values);
    case Family::kDecimal:
      array = DecimalArray(values);
      break;
    default:
      break;
  }
  if (array == nullptr) array = PyarrowArray(values);
  return array != nullptr ? array : PickledObjects(values);
}

}  // namespace headrace::bindings
