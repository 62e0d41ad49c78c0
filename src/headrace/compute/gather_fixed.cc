// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather_fixed.h"

#include <arrow/array/array_nested.h>
#include <arrow/buffer.h>
#include <arrow/extension_type.h>
#include <arrow/type_traits.h>

#include <cstring>
#include <optional>
#include <vector>

namespace headrace::compute {
namespace {

const arrow::DataType& Storage(const arrow::DataType& type) {
  return type.id() == arrow::Type::EXTENSION
             ? Storage(*static_cast<const arrow::ExtensionType&>(type).storage_type())
             : type;
}

/// Bytes of a row of `type`; nullopt when rows differ or do not begin at a byte.
std::optional<int64_t> FixedRowBytes(const arrow::DataType& declared) {
  const arrow::DataType& type = Storage(declared);
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    const auto& list = static_cast<const arrow::FixedSizeListType&>(type);
    const auto item = FixedRowBytes(*list.value_type());
    return item ? std::optional(*item * list.list_size()) : std::nullopt;
  }
  if (type.id() == arrow::Type::BOOL || !arrow::is_fixed_width(type.id()) ||
      type.id() == arrow::Type::DICTIONARY) {
    return std::nullopt;
  }
  return type.byte_width();
}

/// First byte of the first row; nullptr when some value within a list is null.
const uint8_t* FirstRow(const arrow::ArrayData& data, int64_t first_row) {
  const arrow::DataType& type = Storage(*data.type);
  const int64_t row = first_row + data.offset;
  if (type.id() == arrow::Type::FIXED_SIZE_LIST) {
    if (data.child_data[0]->GetNullCount() != 0) return nullptr;
    const int32_t size = static_cast<const arrow::FixedSizeListType&>(type).list_size();
    return FirstRow(*data.child_data[0], row * size);
  }
  return data.buffers[1]->data() + row * type.byte_width();
}

/// ArrayData of `type` over `values`, which holds `length` rows.
std::shared_ptr<arrow::ArrayData> Wrap(const std::shared_ptr<arrow::DataType>& type, int64_t length,
                                       std::shared_ptr<arrow::Buffer> values, Validity validity) {
  const arrow::DataType& storage = Storage(*type);
  if (storage.id() != arrow::Type::FIXED_SIZE_LIST) {
    return arrow::ArrayData::Make(type, length, {std::move(validity.bits), std::move(values)},
                                  validity.null_count);
  }
  const auto& list = static_cast<const arrow::FixedSizeListType&>(storage);
  auto child = Wrap(list.value_type(), length * list.list_size(), std::move(values), {});
  return arrow::ArrayData::Make(type, length, {std::move(validity.bits)}, {std::move(child)},
                                validity.null_count);
}

/// Width 0: `row_bytes`.
template <int64_t Width>
void CopyRows(std::span<const RowRef> rows, const std::vector<const uint8_t*>& sources,
              int64_t row_bytes, uint8_t* out) {
  const int64_t width = Width == 0 ? row_bytes : Width;
  for (const RowRef& row : rows) {
    std::memcpy(out, sources[row.block] + row.row * width, static_cast<size_t>(width));
    out += width;
  }
}

auto CopyFunction(int64_t row_bytes) {
  switch (row_bytes) {
    case 1:
      return CopyRows<1>;
    case 2:
      return CopyRows<2>;
    case 4:
      return CopyRows<4>;
    case 8:
      return CopyRows<8>;
    case 16:
      return CopyRows<16>;
    default:
      return CopyRows<0>;
  }
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> GatherFixed(ColumnParts parts,
                                                      std::span<const RowRef> rows,
                                                      arrow::MemoryPool* pool) {
  const auto& type = parts.front()->type;
  const auto row_bytes = FixedRowBytes(*type);
  if (!row_bytes) return nullptr;
  std::vector<const uint8_t*> sources;
  for (const arrow::ArrayData* part : parts) {
    sources.push_back(nullptr);
    if (part->length == 0) continue;
    sources.back() = FirstRow(*part, 0);
    if (sources.back() == nullptr && *row_bytes > 0) return nullptr;
  }
  ARROW_ASSIGN_OR_RAISE(Validity validity, GatherValidity(parts, rows, pool));
  const auto num_rows = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(num_rows * *row_bytes, pool));
  if (*row_bytes > 0) CopyFunction (*row_bytes)(rows, sources, *row_bytes, values->mutable_data());
  return Wrap(type, num_rows, std::move(values), std::move(validity));
}

}  // namespace headrace::compute
