// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/tensor_column.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_nested.h>
#include <arrow/array/util.h>
#include <arrow/compute/cast.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>

#include <functional>
#include <numeric>

#include "headrace/block/tensor.h"

namespace headrace::datasource {
namespace {

/// First row whose size differs from `size`, or -1. A null row counts as one of another size.
template <typename Offset>
int64_t FirstOddRow(const Offset* offsets, int64_t num_rows, int64_t size) {
  for (int64_t row = 0; row < num_rows; ++row) {
    if (offsets[row + 1] - offsets[row] != size) return row;
  }
  return -1;
}

Status OddRow(const std::string& name, int64_t row, int64_t found, int64_t wanted, const char* unit,
              const arrow::DataType& type) {
  return Status::Invalid("column '", name, "': row ", row, " has ", found, " ", unit, ", but ",
                         type.ToString(), " needs ", wanted);
}

template <typename ArrayType>
Result<std::shared_ptr<arrow::Buffer>> BinaryBytes(const ArrayType& column, int64_t row_bytes,
                                                   const std::string& name,
                                                   const arrow::DataType& type) {
  const auto* offsets = column.raw_value_offsets();
  const int64_t odd = FirstOddRow(offsets, column.length(), row_bytes);
  if (odd >= 0) {
    return OddRow(name, odd, offsets[odd + 1] - offsets[odd], row_bytes, "bytes", type);
  }
  if (column.length() == 0) return std::make_shared<arrow::Buffer>(nullptr, 0);
  return arrow::SliceBuffer(column.value_data(), offsets[0], column.length() * row_bytes);
}

template <typename ArrayType>
Result<std::shared_ptr<arrow::Array>> ListValues(const ArrayType& column, int64_t row_elements,
                                                 const std::string& name,
                                                 const arrow::DataType& type) {
  const auto* offsets = column.raw_value_offsets();
  const int64_t odd = FirstOddRow(offsets, column.length(), row_elements);
  if (odd >= 0) {
    return OddRow(name, odd, offsets[odd + 1] - offsets[odd], row_elements, "elements", type);
  }
  return column.values()->Slice(column.length() == 0 ? 0 : offsets[0],
                                column.length() * row_elements);
}

Result<std::shared_ptr<arrow::Array>> TensorElements(const std::shared_ptr<arrow::Array>& column,
                                                     int64_t row_elements, int64_t width,
                                                     const arrow::DataType& type,
                                                     const std::shared_ptr<arrow::DataType>& value,
                                                     const std::string& name,
                                                     arrow::MemoryPool* pool) {
  const int64_t row_bytes = row_elements * width;
  std::shared_ptr<arrow::Buffer> bytes;
  switch (column->type_id()) {
    case arrow::Type::LIST:
      return ListValues(static_cast<const arrow::ListArray&>(*column), row_elements, name, type);
    case arrow::Type::LARGE_LIST:
      return ListValues(static_cast<const arrow::LargeListArray&>(*column), row_elements, name,
                        type);
    case arrow::Type::FIXED_SIZE_LIST: {
      const auto& list = static_cast<const arrow::FixedSizeListArray&>(*column);
      const int64_t size = list.list_type()->list_size();
      if (size != row_elements) return OddRow(name, 0, size, row_elements, "elements", type);
      return list.values()->Slice(list.value_offset(0), list.length() * size);
    }
    case arrow::Type::BINARY: {
      ARROW_ASSIGN_OR_RAISE(bytes, BinaryBytes(static_cast<const arrow::BinaryArray&>(*column),
                                               row_bytes, name, type));
      break;
    }
    case arrow::Type::LARGE_BINARY: {
      ARROW_ASSIGN_OR_RAISE(bytes, BinaryBytes(static_cast<const arrow::LargeBinaryArray&>(*column),
                                               row_bytes, name, type));
      break;
    }
    case arrow::Type::FIXED_SIZE_BINARY: {
      const auto& fixed = static_cast<const arrow::FixedSizeBinaryArray&>(*column);
      if (fixed.byte_width() != row_bytes) {
        return OddRow(name, 0, fixed.byte_width(), row_bytes, "bytes", type);
      }
      bytes = arrow::SliceBuffer(fixed.data()->buffers[1], fixed.offset() * row_bytes,
                                 fixed.length() * row_bytes);
      break;
    }
    default:
      return Status::TypeError("column '", name, "' of type ", column->type()->ToString(),
                               " cannot be read as ", type.ToString());
  }
  if (reinterpret_cast<uintptr_t>(bytes->data()) % static_cast<uintptr_t>(width) != 0) {
    ARROW_ASSIGN_OR_RAISE(bytes, bytes->CopySlice(0, bytes->size(), pool));
  }
  return arrow::MakeArray(
      arrow::ArrayData::Make(value, column->length() * row_elements, {nullptr, bytes}, 0));
}

}  // namespace

Result<std::shared_ptr<arrow::Array>> ToTensorColumn(const std::shared_ptr<arrow::Array>& column,
                                                     const std::shared_ptr<arrow::DataType>& type,
                                                     const std::string& name,
                                                     arrow::MemoryPool* pool) {
  if (column->type()->Equals(*type)) return column;
  const std::vector<int64_t> shape = TensorShape(*type);
  const auto value = TensorValueType(*type);
  const int64_t elements =
      std::accumulate(shape.begin(), shape.end(), int64_t{1}, std::multiplies<>());
  const int width = value->bit_width() / 8;
  if (width == 0) {
    return Status::TypeError("column '", name, "': tensors of ", value->ToString(),
                             " cannot be read");
  }
  if (column->null_count() > 0) {
    return Status::Invalid("column '", name, "' has nulls and cannot be read as ",
                           type->ToString());
  }
  ARROW_ASSIGN_OR_RAISE(auto values,
                        TensorElements(column, elements, width, *type, value, name, pool));
  if (!values->type()->Equals(*value)) {
    arrow::compute::ExecContext context(pool);
    ARROW_ASSIGN_OR_RAISE(
        values,
        arrow::compute::Cast(*values, value, arrow::compute::CastOptions::Safe(), &context));
  }
  return MakeFixedShapeTensorArray(values, shape);
}

}  // namespace headrace::datasource
