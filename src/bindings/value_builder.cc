// SPDX-License-Identifier: Apache-2.0
#include "bindings/value_builder.h"

#include <arrow/compute/cast.h>
#include <arrow/type.h>

#include <bit>
#include <cstring>
#include <limits>
#include <string_view>

#include "bindings/cell_reader.h"
#include "bindings/numpy_api.h"
#include "bindings/raise.h"

namespace headrace::bindings {
namespace {

/// Arrow type as wide as the numpy scalar type `name` ("numpy.float32"); nullptr when there is
/// none.
std::shared_ptr<arrow::DataType> TypeOfNumpyScalar(std::string_view name) {
  if (name == "numpy.int8") return arrow::int8();
  if (name == "numpy.int16") return arrow::int16();
  if (name == "numpy.int32") return arrow::int32();
  if (name == "numpy.uint8") return arrow::uint8();
  if (name == "numpy.uint16") return arrow::uint16();
  if (name == "numpy.uint32") return arrow::uint32();
  if (name == "numpy.uint64") return arrow::uint64();
  if (name == "numpy.float16") return arrow::float16();
  if (name == "numpy.float32") return arrow::float32();
  return nullptr;
}

}  // namespace

void ValueBuilder::MarkValid() {
  ++length_;
  if (has_validity_) RaiseIfError(validity_.Append(true));
}

void ValueBuilder::AppendNull() {
  if (!has_validity_) {
    RaiseIfError(validity_.Append(length_, true));
    has_validity_ = true;
  }
  RaiseIfError(validity_.Append(false));
  switch (kind_) {
    case Kind::kNull:
      break;
    case Kind::kBool:
      RaiseIfError(booleans_.Append(false));
      break;
    case Kind::kInt:
    case Kind::kDouble:
      RaiseIfError(words_.Append(0));
      break;
    case Kind::kString:
    case Kind::kBinary:
      RaiseIfError(words_.Append(text_.length()));
      break;
    case Kind::kGeneric:
      objects_.emplace_back();
      break;
  }
  ++length_;
  ++null_count_;
}

void ValueBuilder::AppendNulls(int64_t count) {
  for (int64_t i = 0; i < count; ++i) AppendNull();
}

void ValueBuilder::Start(Kind kind) {
  kind_ = kind;
  if (length_ == 0) return;
  if (kind == Kind::kBool) {
    RaiseIfError(booleans_.Append(length_, false));
  } else if (kind == Kind::kGeneric) {
    objects_.resize(length_);
  } else {
    RaiseIfError(words_.Append(length_, 0));
  }
}

void ValueBuilder::IntsToDoubles() {
  int64_t* words = words_.mutable_data();
  for (int64_t i = 0; i < words_.length(); ++i) {
    words[i] = std::bit_cast<int64_t>(static_cast<double>(words[i]));
  }
  kind_ = Kind::kDouble;
}

void ValueBuilder::BecomeGeneric() {
  if (kind_ == Kind::kGeneric) return;
  if (kind_ != Kind::kNull) {
    const std::shared_ptr<arrow::Array> array = FinishTyped();
    ObjectSlots cells(array->length());
    CellReader::Make(array, ListCells::kLists)->Read(0, array->length(), cells.data());
    for (int64_t i = 0; i < array->length(); ++i) {
      objects_.push_back(array->IsNull(i) ? nb::object() : nb::borrow(cells[i]));
    }
    // FinishTyped took the validity; it is not needed for objects, whose nulls are null pointers.
    has_validity_ = true;
    kind_ = Kind::kGeneric;
  } else {
    Start(Kind::kGeneric);
  }
}

void ValueBuilder::AppendText(const char* data, Py_ssize_t size) {
  RaiseIfError(text_.Append(data, size));
  RaiseIfError(words_.Append(text_.length()));
  MarkValid();
}

void ValueBuilder::Append(PyObject* value) {
  if (value == Py_None) return AppendNull();
  if (kind_ == Kind::kGeneric) {
    objects_.push_back(nb::borrow(value));
    ++length_;
    return;
  }
  if (PyUnicode_Check(value)) {
    if (kind_ == Kind::kNull) Start(Kind::kString);
    if (kind_ != Kind::kString) return AppendOther(value);
    Py_ssize_t size = 0;
    const char* data = PyUnicode_AsUTF8AndSize(value, &size);
    if (data == nullptr) {
      PyErr_Clear();  // lone surrogates have no UTF-8 form
      return AppendOther(value);
    }
    return AppendText(data, size);
  }
  if (PyFloat_Check(value)) {
    one_numpy_type_ = false;
    if (kind_ == Kind::kNull) Start(Kind::kDouble);
    if (kind_ == Kind::kInt) IntsToDoubles();
    if (kind_ != Kind::kDouble) return AppendOther(value);
    RaiseIfError(words_.Append(std::bit_cast<int64_t>(PyFloat_AS_DOUBLE(value))));
    return MarkValid();
  }
  if (PyBool_Check(value)) {
    one_numpy_type_ = false;
    if (kind_ == Kind::kNull) Start(Kind::kBool);
    if (kind_ != Kind::kBool) return AppendOther(value);
    RaiseIfError(booleans_.Append(value == Py_True));
    return MarkValid();
  }
  if (PyLong_Check(value)) {
    one_numpy_type_ = false;
    if (kind_ == Kind::kNull) Start(Kind::kInt);
    int overflow = 0;
    const int64_t number = PyLong_AsLongLongAndOverflow(value, &overflow);
    if (overflow != 0) return AppendOther(value);
    if (kind_ == Kind::kInt) {
      RaiseIfError(words_.Append(number));
    } else if (kind_ == Kind::kDouble) {
      RaiseIfError(words_.Append(std::bit_cast<int64_t>(static_cast<double>(number))));
    } else {
      return AppendOther(value);
    }
    return MarkValid();
  }
  if (PyBytes_Check(value)) {
    if (kind_ == Kind::kNull) Start(Kind::kBinary);
    if (kind_ != Kind::kBinary) return AppendOther(value);
    return AppendText(PyBytes_AS_STRING(value), PyBytes_GET_SIZE(value));
  }
  if (IsNumpyScalar(value) ||
      (IsNdarray(value) && PyArray_NDIM(reinterpret_cast<PyArrayObject*>(value)) == 0)) {
    return AppendNumpyScalar(value);
  }
  AppendOther(value);
}

void ValueBuilder::AppendNumpyScalar(PyObject* value) {
  const bool first = length_ == null_count_;
  const nb::object item = nb::handle(value).attr("item")();
  if (!PyFloat_CheckExact(item.ptr()) && !PyLong_Check(item.ptr())) return AppendOther(value);
  bool one_type = one_numpy_type_ && (first || numpy_type_ == Py_TYPE(value));
  numpy_type_ = Py_TYPE(value);
  Append(item.ptr());
  one_numpy_type_ = one_type;
}

void ValueBuilder::AppendOther(PyObject* value) {
  BecomeGeneric();
  objects_.push_back(nb::borrow(value));
  ++length_;
}

std::shared_ptr<arrow::Array> ValueBuilder::FinishText(std::shared_ptr<arrow::Buffer> validity) {
  const int64_t size = text_.length();
  const int64_t* ends = words_.data();
  auto text = ValueOrRaise(text_.Finish());
  const bool is_string = kind_ == Kind::kString;
  auto make = [&]<typename Offset>(Offset, std::shared_ptr<arrow::DataType> type) {
    arrow::TypedBufferBuilder<Offset> offsets;
    RaiseIfError(offsets.Reserve(length_ + 1));
    offsets.UnsafeAppend(0);
    for (int64_t i = 0; i < length_; ++i) offsets.UnsafeAppend(static_cast<Offset>(ends[i]));
    return arrow::MakeArray(arrow::ArrayData::Make(
        std::move(type), length_, {validity, ValueOrRaise(offsets.Finish()), text}, null_count_));
  };
  if (size <= std::numeric_limits<int32_t>::max()) {
    return make(int32_t{}, is_string ? arrow::utf8() : arrow::binary());
  }
  return make(int64_t{}, is_string ? arrow::large_utf8() : arrow::large_binary());
}

std::shared_ptr<arrow::Array> ValueBuilder::FinishTyped() {
  std::shared_ptr<arrow::Buffer> validity;
  if (has_validity_ && null_count_ > 0) validity = ValueOrRaise(validity_.Finish());
  std::shared_ptr<arrow::DataType> type;
  std::shared_ptr<arrow::Buffer> values;
  switch (kind_) {
    case Kind::kString:
    case Kind::kBinary:
      return FinishText(std::move(validity));
    case Kind::kBool:
      type = arrow::boolean();
      values = ValueOrRaise(booleans_.Finish());
      break;
    case Kind::kInt:
      type = arrow::int64();
      values = ValueOrRaise(words_.Finish());
      break;
    default:
      type = arrow::float64();
      values = ValueOrRaise(words_.Finish());
      break;
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(type, length_, {std::move(validity), std::move(values)}, null_count_));
}

std::shared_ptr<arrow::Array> ValueBuilder::Finish() {
  if (kind_ == Kind::kNull) return std::make_shared<arrow::NullArray>(length_);
  if (kind_ == Kind::kGeneric) return ArrayFromObjects(objects_);
  std::shared_ptr<arrow::Array> array = FinishTyped();
  if (one_numpy_type_ && numpy_type_ != nullptr) {
    if (auto type = TypeOfNumpyScalar(numpy_type_->tp_name)) {
      array =
          ValueOrRaise(arrow::compute::Cast(*array, type, arrow::compute::CastOptions::Unsafe()));
    }
  }
  return array;
}

}  // namespace headrace::bindings
