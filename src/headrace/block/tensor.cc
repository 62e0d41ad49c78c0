// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/tensor.h"

#include <arrow/array/array_nested.h>
#include <arrow/buffer_builder.h>
#include <arrow/extension/fixed_shape_tensor.h>
#include <arrow/extension/variable_shape_tensor.h>
#include <arrow/extension_type.h>

#include <limits>
#include <mutex>
#include <numeric>

namespace headrace {
namespace {

using arrow::extension::FixedShapeTensorType;
using arrow::extension::VariableShapeTensorType;

class PythonObjectType final : public arrow::ExtensionType {
 public:
  PythonObjectType() : arrow::ExtensionType(arrow::large_binary()) {}
  std::string extension_name() const override { return "headrace.object"; }
  bool ExtensionEquals(const arrow::ExtensionType& other) const override {
    return other.extension_name() == extension_name();
  }
  std::shared_ptr<arrow::Array> MakeArray(std::shared_ptr<arrow::ArrayData> data) const override {
    return std::make_shared<arrow::ExtensionArray>(std::move(data));
  }
  Result<std::shared_ptr<arrow::DataType>> Deserialize(std::shared_ptr<arrow::DataType> storage,
                                                       const std::string&) const override {
    if (storage->id() != arrow::Type::LARGE_BINARY) {
      return Status::Invalid("headrace.object has storage large_binary, got ", storage->ToString());
    }
    return ObjectType();
  }
  std::string Serialize() const override { return {}; }
};

bool HasExtensionName(const arrow::DataType& type, std::string_view name) {
  return type.id() == arrow::Type::EXTENSION &&
         static_cast<const arrow::ExtensionType&>(type).extension_name() == name;
}

int64_t Product(const std::vector<int64_t>& shape) {
  return std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
}

}  // namespace

Result<std::shared_ptr<arrow::DataType>> FixedShapeTensor(std::shared_ptr<arrow::DataType> value,
                                                          std::vector<int64_t> shape) {
  if (Product(shape) > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("a tensor of ", Product(shape),
                                 " elements is too large for one row (limit 2^31 - 1)");
  }
  return FixedShapeTensorType::Make(value, shape);
}

Result<std::shared_ptr<arrow::DataType>> VariableShapeTensor(std::shared_ptr<arrow::DataType> value,
                                                             int ndim) {
  return VariableShapeTensorType::Make(value, ndim);
}

std::shared_ptr<arrow::DataType> ObjectType() {
  static const auto type = std::make_shared<PythonObjectType>();
  return type;
}

bool IsFixedShapeTensor(const arrow::DataType& type) {
  return HasExtensionName(type, "arrow.fixed_shape_tensor");
}
bool IsVariableShapeTensor(const arrow::DataType& type) {
  return HasExtensionName(type, "arrow.variable_shape_tensor");
}
bool IsObject(const arrow::DataType& type) { return HasExtensionName(type, "headrace.object"); }

std::vector<int64_t> TensorShape(const arrow::DataType& fixed_shape_tensor) {
  return static_cast<const FixedShapeTensorType&>(fixed_shape_tensor).shape();
}

std::shared_ptr<arrow::DataType> TensorValueType(const arrow::DataType& tensor) {
  return IsFixedShapeTensor(tensor)
             ? static_cast<const FixedShapeTensorType&>(tensor).value_type()
             : static_cast<const VariableShapeTensorType&>(tensor).value_type();
}

Result<std::shared_ptr<arrow::Array>> MakeFixedShapeTensorArray(
    const std::shared_ptr<arrow::Array>& values, std::vector<int64_t> shape) {
  const int64_t size = Product(shape);
  if (size == 0 || values->length() % size != 0) {
    return Status::Invalid("cannot cut ", values->length(), " values into tensors of ", size);
  }
  ARROW_ASSIGN_OR_RAISE(auto type, FixedShapeTensor(values->type(), std::move(shape)));
  auto storage_type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  auto storage =
      std::make_shared<arrow::FixedSizeListArray>(storage_type, values->length() / size, values);
  return arrow::ExtensionType::WrapArray(type, storage);
}

Result<std::shared_ptr<arrow::Array>> MakeVariableShapeTensorArray(
    const std::shared_ptr<arrow::Array>& values, const std::vector<std::vector<int64_t>>& shapes) {
  const auto rows = static_cast<int64_t>(shapes.size());
  const int ndim = shapes.empty() ? 1 : static_cast<int>(shapes.front().size());
  if (values->length() > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError(
        "a block of variable-shape tensors holds at most 2^31 - 1 values,"
        " got ",
        values->length(), "; use smaller blocks");
  }
  arrow::TypedBufferBuilder<int32_t> offsets;
  arrow::TypedBufferBuilder<int32_t> dims;
  ARROW_RETURN_NOT_OK(offsets.Reserve(rows + 1));
  ARROW_RETURN_NOT_OK(dims.Reserve(rows * ndim));
  int64_t offset = 0;
  offsets.UnsafeAppend(0);
  for (const auto& shape : shapes) {
    if (static_cast<int>(shape.size()) != ndim) {
      return Status::TypeError("tensors of one column have the same number of dimensions, got ",
                               ndim, " and ", shape.size());
    }
    for (const int64_t dim : shape) dims.UnsafeAppend(static_cast<int32_t>(dim));
    offset += Product(shape);
    offsets.UnsafeAppend(static_cast<int32_t>(offset));
  }
  if (offset != values->length()) {
    return Status::Invalid("shapes hold ", offset, " values, got ", values->length());
  }
  ARROW_ASSIGN_OR_RAISE(auto offset_buffer, offsets.Finish());
  ARROW_ASSIGN_OR_RAISE(auto dim_buffer, dims.Finish());
  ARROW_ASSIGN_OR_RAISE(auto type, VariableShapeTensor(values->type(), ndim));
  const auto& storage_type = static_cast<const arrow::ExtensionType&>(*type).storage_type();
  auto data = std::make_shared<arrow::ListArray>(storage_type->field(0)->type(), rows,
                                                 offset_buffer, values);
  auto shape_values = std::make_shared<arrow::Int32Array>(rows * ndim, dim_buffer);
  auto shape_array = std::make_shared<arrow::FixedSizeListArray>(storage_type->field(1)->type(),
                                                                 rows, shape_values);
  auto storage = std::make_shared<arrow::StructArray>(storage_type, rows,
                                                      arrow::ArrayVector{data, shape_array});
  return arrow::ExtensionType::WrapArray(type, storage);
}

Result<std::shared_ptr<arrow::Array>> ToVariableShape(const arrow::Array& fixed_shape) {
  const auto& extension = static_cast<const arrow::ExtensionArray&>(fixed_shape);
  const auto& list = static_cast<const arrow::FixedSizeListArray&>(*extension.storage());
  const std::vector<int64_t> shape = TensorShape(*fixed_shape.type());
  const int64_t size = Product(shape);
  auto values = list.values()->Slice((list.offset()) * size, list.length() * size);
  return MakeVariableShapeTensorArray(values,
                                      std::vector<std::vector<int64_t>>(list.length(), shape));
}

Status RegisterExtensionTypes() {
  static std::once_flag once;
  static Status status;
  std::call_once(once, [] {
    // Arrow registers its canonical tensor types itself.
    if (arrow::GetExtensionType("headrace.object") == nullptr) {
      status = arrow::RegisterExtensionType(
          std::static_pointer_cast<arrow::ExtensionType>(ObjectType()));
    }
  });
  return status;
}

}  // namespace headrace
