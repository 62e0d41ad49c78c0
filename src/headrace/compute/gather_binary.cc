// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/gather_binary.h"

#include <arrow/buffer.h>
#include <arrow/type.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "headrace/compute/pool_array.h"

namespace headrace::compute {
namespace {

/// Short values are copied in pieces of this size, past their end where there is room: memcpy costs
/// more than what it copies.
constexpr int64_t kPiece = 16;
constexpr int64_t kShort = 4 * kPiece;
/// How many rows before it is copied a value is fetched.
constexpr size_t kAhead = 16;

template <typename Offset>
struct Strings {
  const Offset* offsets = nullptr;
  const uint8_t* values = nullptr;
  const uint8_t* short_end = nullptr;  // up to here kShort bytes can be read
};

template <typename Offset>
std::vector<Strings<Offset>> StringsOf(ColumnParts parts) {
  std::vector<Strings<Offset>> all;
  all.reserve(parts.size());
  for (const arrow::ArrayData* part : parts) {
    Strings<Offset> strings;
    if (part->length > 0) {
      strings.offsets = part->GetValues<Offset>(1);
      const auto& values = part->buffers[2];
      if (values != nullptr && values->data() != nullptr) {
        strings.values = values->data();
        strings.short_end = values->data() + std::max<int64_t>(0, values->size() - kShort + 1);
      }
    }
    all.push_back(strings);
  }
  return all;
}

void CopyShort(uint8_t* to, const uint8_t* from, int64_t size) {
  for (int64_t at = 0; at < size; at += kPiece) std::memcpy(to + at, from + at, kPiece);
}

template <typename Offset>
void CopyValues(const std::vector<Strings<Offset>>& parts, std::span<const RowRef> rows,
                std::span<const uint8_t* const> from, const Offset* offsets, uint8_t* out) {
  for (size_t i = 0; i < rows.size(); ++i) {
    if (i + kAhead < rows.size()) __builtin_prefetch(from[i + kAhead]);
    const int64_t bytes = offsets[i + 1] - offsets[i];
    uint8_t* to = out + offsets[i];
    if (bytes <= kShort && from[i] < parts[rows[i].block].short_end) {
      CopyShort(to, from[i], bytes);
    } else if (bytes > 0) {
      std::memcpy(to, from[i], static_cast<size_t>(bytes));
    }
  }
}

template <typename Offset>
Result<std::shared_ptr<arrow::ArrayData>> Gather(ColumnParts parts, std::span<const RowRef> rows,
                                                 arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(Validity validity, GatherValidity(parts, rows, pool));
  const auto num_rows = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(
      std::shared_ptr<arrow::Buffer> offset_buffer,
      arrow::AllocateBuffer((num_rows + 1) * static_cast<int64_t>(sizeof(Offset)), pool));
  auto* offsets = reinterpret_cast<Offset*>(offset_buffer->mutable_data());
  const auto all = StringsOf<Offset>(parts);
  ARROW_ASSIGN_OR_RAISE(auto from, PoolArray<const uint8_t*>::Make(num_rows, pool));
  int64_t total = 0;
  for (int64_t i = 0; i < num_rows; ++i) {
    offsets[i] = static_cast<Offset>(total);
    const Strings<Offset>& part = all[rows[i].block];
    const Offset* offset = part.offsets + rows[i].row;
    total += offset[1] - offset[0];
    from[i] = part.values + offset[0];
  }
  if (total > std::numeric_limits<Offset>::max()) {
    return Status::CapacityError(total, " bytes of ", rows.size(), " values of type ",
                                 parts.front()->type->ToString(),
                                 " do not fit in one block: its offsets have 32 bits");
  }
  offsets[num_rows] = static_cast<Offset>(total);
  ARROW_ASSIGN_OR_RAISE(auto values, arrow::AllocateResizableBuffer(total + kShort, pool));
  CopyValues<Offset>(all, rows, from.span(), offsets, values->mutable_data());
  ARROW_RETURN_NOT_OK(values->Resize(total, /*shrink_to_fit=*/false));
  values->ZeroPadding();
  return arrow::ArrayData::Make(
      parts.front()->type, num_rows,
      {std::move(validity.bits), std::move(offset_buffer), std::move(values)}, validity.null_count);
}

}  // namespace

Result<std::shared_ptr<arrow::ArrayData>> GatherBinary(ColumnParts parts,
                                                       std::span<const RowRef> rows,
                                                       arrow::MemoryPool* pool) {
  const auto id = parts.front()->type->storage_id();
  return id == arrow::Type::LARGE_STRING || id == arrow::Type::LARGE_BINARY
             ? Gather<int64_t>(parts, rows, pool)
             : Gather<int32_t>(parts, rows, pool);
}

}  // namespace headrace::compute
