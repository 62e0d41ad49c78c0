// SPDX-License-Identifier: Apache-2.0
#include "headrace/datasource/dictionary_strings.h"

#include <arrow/array/array_binary.h>
#include <arrow/array/array_primitive.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <cstring>
#include <limits>
#include <vector>

namespace headrace::datasource {
namespace {

// Strings up to this size are copied as one unaligned vector move, whatever their length.
constexpr int64_t kShort = 16;

}  // namespace

bool IsStringDictionary(const arrow::DictionaryArray& column) {
  const auto type = column.dictionary()->type_id();
  return column.indices()->type_id() == arrow::Type::INT32 &&
         (type == arrow::Type::STRING || type == arrow::Type::BINARY) &&
         column.dictionary()->null_count() == 0;
}

Result<std::shared_ptr<arrow::Array>> ExpandStrings(const arrow::DictionaryArray& column,
                                                    arrow::MemoryPool* pool) {
  const auto& values = static_cast<const arrow::BinaryArray&>(*column.dictionary());
  const auto& indices = static_cast<const arrow::Int32Array&>(*column.indices());
  const int32_t* index = indices.raw_values();
  const int32_t* value_offsets = values.raw_value_offsets();
  const int64_t num_rows = column.length();
  const bool has_nulls = column.null_count() > 0;
  const int64_t num_values = values.length();

  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets_buffer,
                        arrow::AllocateBuffer((num_rows + 1) * sizeof(int32_t), pool));
  auto* offsets = reinterpret_cast<int32_t*>(offsets_buffer->mutable_data());
  int64_t total = 0;
  int64_t longest = 0;
  for (int64_t i = 0; i < num_values; ++i) {
    longest = std::max<int64_t>(longest, value_offsets[i + 1] - value_offsets[i]);
  }
  for (int64_t row = 0; row < num_rows; ++row) {
    offsets[row] = static_cast<int32_t>(total);
    if (has_nulls && column.IsNull(row)) continue;
    total += value_offsets[index[row] + 1] - value_offsets[index[row]];
  }
  if (total > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("strings of one block take ", total, " bytes, more than 2 GiB");
  }
  offsets[num_rows] = static_cast<int32_t>(total);

  ARROW_ASSIGN_OR_RAISE(auto data, arrow::AllocateResizableBuffer(total + kShort, pool));
  uint8_t* out = data->mutable_data();
  if (longest <= kShort && num_values > 0) {
    std::vector<uint8_t> padded(num_values * kShort);
    for (int64_t i = 0; i < num_values; ++i) {
      const auto value = values.GetView(i);
      std::memcpy(padded.data() + i * kShort, value.data(), value.size());
    }
    for (int64_t row = 0; row < num_rows; ++row) {
      if (has_nulls && column.IsNull(row)) continue;
      std::memcpy(out + offsets[row], padded.data() + index[row] * kShort, kShort);
    }
  } else {
    const uint8_t* bytes = values.raw_data();
    for (int64_t row = 0; row < num_rows; ++row) {
      if (has_nulls && column.IsNull(row)) continue;
      std::memcpy(out + offsets[row], bytes + value_offsets[index[row]],
                  offsets[row + 1] - offsets[row]);
    }
  }
  ARROW_RETURN_NOT_OK(data->Resize(total, /*shrink_to_fit=*/false));

  std::shared_ptr<arrow::Buffer> validity;
  if (has_nulls) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::internal::CopyBitmap(pool, column.null_bitmap_data(),
                                                                column.offset(), num_rows));
  }
  return arrow::MakeArray(arrow::ArrayData::Make(column.dictionary()->type(), num_rows,
                                                 {validity, offsets_buffer, std::move(data)},
                                                 has_nulls ? column.null_count() : 0));
}

}  // namespace headrace::datasource
