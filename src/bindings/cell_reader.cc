// SPDX-License-Identifier: Apache-2.0
#include "bindings/cell_reader.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/array_nested.h>
#include <arrow/extension_type.h>
#include <arrow/util/float16.h>

#include <string>
#include <utility>
#include <vector>

#include "bindings/arrow_capsule.h"
#include "bindings/cell_loop.h"
#include "bindings/dict_reader.h"
#include "bindings/python_columns.h"
#include "bindings/string_memo.h"
#include "bindings/time_cells.h"
#include "headrace/block/tensor.h"

namespace headrace::bindings {
namespace {

/// Cells that pyarrow has converted, all at once.
class PyarrowCells final : public CellReader {
 public:
  explicit PyarrowCells(const std::shared_ptr<arrow::Array>& array)
      : cells_(ToPyarrow(array).attr("to_pylist")()) {}

  void Read(int64_t offset, int64_t length, PyObject** out) override {
    for (int64_t i = 0; i < length; ++i) {
      out[i] = Check(Py_XNewRef(PyList_GetItem(cells_.ptr(), offset + i)));
    }
  }

 private:
  nb::object cells_;
};

std::unique_ptr<CellReader> OrPyarrow(std::unique_ptr<CellReader> reader,
                                      const std::shared_ptr<arrow::Array>& array) {
  return reader != nullptr ? std::move(reader) : std::make_unique<PyarrowCells>(array);
}

template <typename ArrowType>
std::unique_ptr<CellReader> Integers(const std::shared_ptr<arrow::Array>& array) {
  const auto* values = static_cast<const arrow::NumericArray<ArrowType>&>(*array).raw_values();
  return Loop(array, [values](int64_t i) -> PyObject* {
    if constexpr (std::is_signed_v<typename ArrowType::c_type>) {
      return PyLong_FromLongLong(values[i]);
    } else {
      return PyLong_FromUnsignedLongLong(values[i]);
    }
  });
}

template <typename ArrowType>
std::unique_ptr<CellReader> Floats(const std::shared_ptr<arrow::Array>& array) {
  const auto* values = static_cast<const arrow::NumericArray<ArrowType>&>(*array).raw_values();
  return Loop(array, [values](int64_t i) { return PyFloat_FromDouble(values[i]); });
}

std::unique_ptr<CellReader> HalfFloats(const std::shared_ptr<arrow::Array>& array) {
  const uint16_t* values = static_cast<const arrow::HalfFloatArray&>(*array).raw_values();
  return Loop(array, [values](int64_t i) {
    return PyFloat_FromDouble(arrow::util::Float16::FromBits(values[i]).ToFloat());
  });
}

template <typename ArrayType>
std::unique_ptr<CellReader> Strings(const std::shared_ptr<arrow::Array>& array) {
  const auto* strings = static_cast<const ArrayType*>(array.get());
  auto memo = std::make_shared<StringMemo>();
  return Loop(array, [strings, memo = std::move(memo)](int64_t i) {
    return memo->Get(strings->GetView(i));
  });
}

template <typename ArrayType>
std::unique_ptr<CellReader> Binaries(const std::shared_ptr<arrow::Array>& array) {
  const auto* binaries = static_cast<const ArrayType*>(array.get());
  return Loop(array, [binaries](int64_t i) {
    const std::string_view view = binaries->GetView(i);
    return PyBytes_FromStringAndSize(view.data(), static_cast<Py_ssize_t>(view.size()));
  });
}

template <typename ArrayType>
std::unique_ptr<CellReader> Decimals(const std::shared_ptr<arrow::Array>& array) {
  const auto* decimals = static_cast<const ArrayType*>(array.get());
  nb::object decimal = nb::module_::import_("decimal").attr("Decimal");
  return Loop(array, [decimals, decimal](int64_t i) {
    return decimal(NewString(decimals->FormatValue(i))).release().ptr();
  });
}

std::unique_ptr<CellReader> Dictionaries(const std::shared_ptr<arrow::Array>& array,
                                         ListCells lists) {
  const auto* encoded = static_cast<const arrow::DictionaryArray*>(array.get());
  const int64_t size = encoded->dictionary()->length();
  auto values = std::make_shared<ObjectSlots>(size);
  CellReader::Make(encoded->dictionary(), lists)->Read(0, size, values->data());
  return Loop(array, [encoded, values](int64_t i) {
    return Py_NewRef((*values)[encoded->GetValueIndex(i)]);
  });
}

template <typename ArrayType>
std::unique_ptr<CellReader> Lists(const std::shared_ptr<arrow::Array>& array, ListCells lists) {
  const auto* list = static_cast<const ArrayType*>(array.get());
  if (lists == ListCells::kNdarrays) {
    return Loop(array, [list](int64_t i) {
      return ColumnToNumpy(list->value_slice(i), /*writable=*/true).release().ptr();
    });
  }
  std::shared_ptr<CellReader> items = CellReader::Make(list->values(), lists);
  return Loop(array, [list, items](int64_t i) {
    const int64_t length = list->value_length(i);
    nb::object cell = Steal(PyList_New(length));
    // A list that is not handed out yet is filled in place; its slots are null until then.
    if (length > 0) {
      items->Read(list->value_offset(i), length,
                  reinterpret_cast<PyListObject*>(cell.ptr())->ob_item);
    }
    return cell.release().ptr();
  });
}

class Structs final : public CellReader {
 public:
  Structs(const std::shared_ptr<arrow::Array>& array, ListCells lists)
      : array_(array), dicts_(Names(*array), Fields(*array), lists) {}

  void Read(int64_t offset, int64_t length, PyObject** out) override {
    dicts_.Read(offset, length, out);
    if (array_->null_count() == 0) return;
    for (int64_t i = 0; i < length; ++i) {
      if (array_->IsNull(offset + i)) Py_SETREF(out[i], Py_NewRef(Py_None));
    }
  }

 private:
  static std::vector<std::string> Names(const arrow::Array& array) {
    std::vector<std::string> names;
    for (const auto& field : array.type()->fields()) names.push_back(field->name());
    return names;
  }
  static arrow::ArrayVector Fields(const arrow::Array& array) {
    const auto& structs = static_cast<const arrow::StructArray&>(array);
    arrow::ArrayVector fields;
    for (int i = 0; i < structs.num_fields(); ++i) fields.push_back(structs.field(i));
    return fields;
  }

  std::shared_ptr<arrow::Array> array_;
  DictReader dicts_;
};

std::unique_ptr<CellReader> Objects(const std::shared_ptr<arrow::Array>& storage) {
  const auto* pickles = static_cast<const arrow::LargeBinaryArray*>(storage.get());
  nb::object loads = nb::module_::import_("pickle").attr("loads");
  return Loop(storage, [pickles, loads](int64_t i) {
    const std::string_view pickle = pickles->GetView(i);
    return loads(nb::bytes(pickle.data(), pickle.size())).release().ptr();
  });
}

std::unique_ptr<CellReader> Extensions(const std::shared_ptr<arrow::Array>& array,
                                       ListCells lists) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(*array);
  const arrow::DataType& type = *array->type();
  if (IsFixedShapeTensor(type)) {
    nb::object stacked = FixedTensorToNumpy(*array);
    return Loop(array, [stacked](int64_t i) { return PySequence_GetItem(stacked.ptr(), i); });
  }
  if (IsVariableShapeTensor(type)) {
    return Loop(array,
                [array](int64_t i) { return VariableTensorCell(*array, i).release().ptr(); });
  }
  if (IsObject(type)) return Objects(extension.storage());
  return CellReader::Make(extension.storage(), lists);
}

std::unique_ptr<CellReader> Nulls(const std::shared_ptr<arrow::Array>& array) {
  return Loop(array, [](int64_t) { return Py_NewRef(Py_None); });
}

std::unique_ptr<CellReader> Booleans(const std::shared_ptr<arrow::Array>& array) {
  const auto* booleans = static_cast<const arrow::BooleanArray*>(array.get());
  return Loop(array, [booleans](int64_t i) { return PyBool_FromLong(booleans->Value(i)); });
}

}  // namespace

std::unique_ptr<CellReader> CellReader::Make(const std::shared_ptr<arrow::Array>& array,
                                             ListCells lists) {
  using arrow::Type;
  switch (array->type_id()) {
    case Type::NA:
      return Nulls(array);
    case Type::BOOL:
      return Booleans(array);
    case Type::INT8:
      return Integers<arrow::Int8Type>(array);
    case Type::INT16:
      return Integers<arrow::Int16Type>(array);
    case Type::INT32:
      return Integers<arrow::Int32Type>(array);
    case Type::INT64:
      return Integers<arrow::Int64Type>(array);
    case Type::UINT8:
      return Integers<arrow::UInt8Type>(array);
    case Type::UINT16:
      return Integers<arrow::UInt16Type>(array);
    case Type::UINT32:
      return Integers<arrow::UInt32Type>(array);
    case Type::UINT64:
      return Integers<arrow::UInt64Type>(array);
    case Type::HALF_FLOAT:
      return HalfFloats(array);
    case Type::FLOAT:
      return Floats<arrow::FloatType>(array);
    case Type::DOUBLE:
      return Floats<arrow::DoubleType>(array);
    case Type::STRING:
      return Strings<arrow::StringArray>(array);
    case Type::LARGE_STRING:
      return Strings<arrow::LargeStringArray>(array);
    case Type::STRING_VIEW:
      return Strings<arrow::StringViewArray>(array);
    case Type::BINARY:
      return Binaries<arrow::BinaryArray>(array);
    case Type::LARGE_BINARY:
      return Binaries<arrow::LargeBinaryArray>(array);
    case Type::BINARY_VIEW:
      return Binaries<arrow::BinaryViewArray>(array);
    case Type::FIXED_SIZE_BINARY:
      return Binaries<arrow::FixedSizeBinaryArray>(array);
    case Type::DATE32:
      return DateCells(array);
    case Type::TIMESTAMP:
      return OrPyarrow(TimestampCells(array), array);
    case Type::DURATION:
      return OrPyarrow(DurationCells(array), array);
    case Type::DECIMAL128:
      return Decimals<arrow::Decimal128Array>(array);
    case Type::DECIMAL256:
      return Decimals<arrow::Decimal256Array>(array);
    case Type::DICTIONARY:
      return Dictionaries(array, lists);
    case Type::LIST:
      return Lists<arrow::ListArray>(array, lists);
    case Type::LARGE_LIST:
      return Lists<arrow::LargeListArray>(array, lists);
    case Type::FIXED_SIZE_LIST:
      return Lists<arrow::FixedSizeListArray>(array, lists);
    case Type::STRUCT:
      return std::make_unique<Structs>(array, lists);
    case Type::EXTENSION:
      return Extensions(array, lists);
    default:
      return std::make_unique<PyarrowCells>(array);
  }
}

}  // namespace headrace::bindings
