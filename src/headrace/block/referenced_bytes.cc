// SPDX-License-Identifier: Apache-2.0
#include "headrace/block/referenced_bytes.h"

#include <arrow/type_traits.h>
#include <arrow/util/byte_size.h>

namespace headrace {
namespace {

/// Bytes that hold `length` values of `bits` each from value `offset` on.
int64_t BytesOfBits(int64_t offset, int64_t length, int64_t bits) {
  return (bits * (offset + length) + 7) / 8 - bits * offset / 8;
}

int64_t ValidityBytes(const arrow::ArrayData& column) {
  return column.buffers[0] == nullptr ? 0 : BytesOfBits(column.offset, column.length, 1);
}

template <typename Offset>
int64_t BytesOfStrings(const arrow::ArrayData& column) {
  if (column.buffers[1] == nullptr || column.buffers[1]->size() == 0) return 0;
  const auto* offsets = column.GetValues<Offset>(1);
  return column.length * static_cast<int64_t>(sizeof(Offset)) + offsets[column.length] - offsets[0];
}

}  // namespace

int64_t ReferencedBytes(const arrow::ArrayData& column) {
  const arrow::Type::type type = column.type->id();
  if (arrow::is_binary_like(type)) return ValidityBytes(column) + BytesOfStrings<int32_t>(column);
  if (arrow::is_large_binary_like(type)) {
    return ValidityBytes(column) + BytesOfStrings<int64_t>(column);
  }
  if (arrow::is_fixed_width(type) && column.buffers.size() == 2 && column.buffers[1] != nullptr) {
    const int64_t values =
        BytesOfBits(column.offset, column.length, static_cast<int64_t>(column.type->bit_width()));
    const int64_t dictionary =
        column.dictionary == nullptr ? 0 : ReferencedBytes(*column.dictionary);
    return ValidityBytes(column) + values + dictionary;
  }
  const auto nested = arrow::util::ReferencedBufferSize(column);
  return nested.ok() ? *nested : arrow::util::TotalBufferSize(column);
}

}  // namespace headrace
