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

// Dictionaries whose strings are no longer than this are copied as one move of a fixed size,
// whatever the length of each.
constexpr int64_t kShort = 16;

struct Rows {
  const arrow::DictionaryArray& column;
  const int32_t* index;
  int64_t count;
  bool has_nulls;
};

/// Calls fn(row) for each row that is not null.
template <typename Fn>
inline void ForEachValid(const Rows& rows, Fn&& fn) {
  if (!rows.has_nulls) {
    for (int64_t row = 0; row < rows.count; ++row) fn(row);
    return;
  }
  for (int64_t row = 0; row < rows.count; ++row) {
    if (rows.column.IsValid(row)) fn(row);
  }
}

/// Offsets of the rows' strings; gives where the last one ends.
int64_t WriteOffsets(const Rows& rows, const std::vector<int32_t>& lengths, int32_t* offsets) {
  const int32_t* const length = lengths.data();
  const int32_t* const index = rows.index;
  int64_t total = 0;
  if (rows.has_nulls) {
    for (int64_t row = 0; row < rows.count; ++row) {
      offsets[row] = static_cast<int32_t>(total);
      if (rows.column.IsValid(row)) total += length[index[row]];
    }
  } else {
    for (int64_t row = 0; row < rows.count; ++row) {
      offsets[row] = static_cast<int32_t>(total);
      total += length[index[row]];
    }
  }
  return total;
}

/// Copies strings of at most kStride bytes; writes up to that many behind the last one.
template <int64_t kStride>
void CopyShort(const Rows& rows, const arrow::BinaryArray& values, const int32_t* offsets,
               uint8_t* out) {
  std::vector<uint8_t> padded(values.length() * kStride);
  for (int64_t i = 0; i < values.length(); ++i) {
    const auto value = values.GetView(i);
    if (!value.empty()) std::memcpy(padded.data() + i * kStride, value.data(), value.size());
  }
  const uint8_t* const from = padded.data();
  const int32_t* const index = rows.index;
  ForEachValid(rows, [=](int64_t row) {
    std::memcpy(out + offsets[row], from + index[row] * kStride, kStride);
  });
}

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
  const int32_t* value_offsets = values.raw_value_offsets();
  const int64_t num_rows = column.length();
  const bool has_nulls = column.null_count() > 0;
  const int64_t num_values = values.length();

  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> offsets_buffer,
                        arrow::AllocateBuffer((num_rows + 1) * sizeof(int32_t), pool));
  auto* offsets = reinterpret_cast<int32_t*>(offsets_buffer->mutable_data());
  std::vector<int32_t> lengths(num_values);
  int64_t longest = 0;
  for (int64_t i = 0; i < num_values; ++i) {
    lengths[i] = value_offsets[i + 1] - value_offsets[i];
    longest = std::max<int64_t>(longest, lengths[i]);
  }
  const Rows rows{column, indices.raw_values(), num_rows, has_nulls};
  const int64_t total = WriteOffsets(rows, lengths, offsets);
  if (total > std::numeric_limits<int32_t>::max()) {
    return Status::CapacityError("strings of one block take ", total, " bytes, more than 2 GiB");
  }
  offsets[num_rows] = static_cast<int32_t>(total);

  ARROW_ASSIGN_OR_RAISE(auto data, arrow::AllocateResizableBuffer(total + kShort, pool));
  uint8_t* const out = data->mutable_data();
  if (longest <= kShort / 2) {
    CopyShort<kShort / 2>(rows, values, offsets, out);
  } else if (longest <= kShort) {
    CopyShort<kShort>(rows, values, offsets, out);
  } else {
    const uint8_t* const bytes = values.raw_data();
    ForEachValid(rows, [&](int64_t row) {
      std::memcpy(out + offsets[row], bytes + value_offsets[rows.index[row]],
                  offsets[row + 1] - offsets[row]);
    });
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
