// SPDX-License-Identifier: Apache-2.0
#include "headrace/expr/keep_rows.h"

#include <arrow/array/array_dict.h>
#include <arrow/array/util.h>
#include <arrow/buffer.h>
#include <arrow/compute/api_vector.h>
#include <arrow/compute/exec.h>
#include <arrow/util/bit_util.h>
#include <arrow/util/bitmap_ops.h>

#include <bit>
#include <cstring>

namespace headrace::expr {
namespace {

using RowNumbers = std::vector<uint32_t>;

// `mask` as a bitmap that starts at bit 0, nulls being false.
Result<std::shared_ptr<arrow::Buffer>> SelectedBits(const arrow::BooleanArray& mask,
                                                    arrow::MemoryPool* pool) {
  const uint8_t* values = mask.values()->data();
  if (mask.null_count() == 0) {
    return arrow::internal::CopyBitmap(pool, values, mask.offset(), mask.length());
  }
  return arrow::internal::BitmapAnd(pool, values, mask.offset(), mask.null_bitmap_data(),
                                    mask.offset(), mask.length(), /*out_offset=*/0);
}

RowNumbers RowsOf(const arrow::Buffer& bits, int64_t num_rows, int64_t num_kept) {
  RowNumbers rows(num_kept);
  uint32_t* out = rows.data();
  for (int64_t base = 0; base < num_rows; base += 64) {
    uint64_t word = 0;
    const int64_t num_bits = std::min<int64_t>(64, num_rows - base);
    std::memcpy(&word, bits.data() + base / 8, arrow::bit_util::BytesForBits(num_bits));
    if (num_bits < 64) word &= (uint64_t{1} << num_bits) - 1;
    for (; word != 0; word &= word - 1) {
      *out++ = static_cast<uint32_t>(base + std::countr_zero(word));
    }
  }
  return rows;
}

template <typename Value>
void Gather(const uint8_t* from, const RowNumbers& rows, uint8_t* to) {
  const auto* values = reinterpret_cast<const Value*>(from);
  auto* out = reinterpret_cast<Value*>(to);
  for (size_t i = 0; i < rows.size(); ++i) out[i] = values[rows[i]];
}

// 0 when the values of `type` do not lie side by side in one buffer.
int GatherWidth(const arrow::DataType& type) {
  if (type.id() == arrow::Type::DICTIONARY) {
    return GatherWidth(*static_cast<const arrow::DictionaryType&>(type).index_type());
  }
  const bool plain = arrow::is_primitive(type.id()) && type.id() != arrow::Type::BOOL;
  return plain ? type.bit_width() / 8 : 0;
}

Result<std::shared_ptr<arrow::Array>> GatherColumn(const arrow::ArrayData& column, int width,
                                                   const RowNumbers& rows,
                                                   arrow::MemoryPool* pool) {
  const int64_t num_rows = static_cast<int64_t>(rows.size());
  ARROW_ASSIGN_OR_RAISE(std::shared_ptr<arrow::Buffer> values,
                        arrow::AllocateBuffer(num_rows * width, pool));
  const uint8_t* from = column.buffers[1]->data() + column.offset * width;
  switch (width) {
    case 1:
      Gather<uint8_t>(from, rows, values->mutable_data());
      break;
    case 2:
      Gather<uint16_t>(from, rows, values->mutable_data());
      break;
    case 4:
      Gather<uint32_t>(from, rows, values->mutable_data());
      break;
    default:
      Gather<uint64_t>(from, rows, values->mutable_data());
      break;
  }
  std::shared_ptr<arrow::Buffer> validity;
  if (column.GetNullCount() > 0) {
    ARROW_ASSIGN_OR_RAISE(validity, arrow::AllocateEmptyBitmap(num_rows, pool));
    const uint8_t* bits = column.buffers[0]->data();
    uint8_t* out = validity->mutable_data();
    for (int64_t i = 0; i < num_rows; ++i) {
      const bool valid = arrow::bit_util::GetBit(bits, column.offset + rows[i]);
      out[i / 8] |= static_cast<uint8_t>(valid) << (i % 8);
    }
  }
  auto kept =
      arrow::ArrayData::Make(column.type, num_rows, {std::move(validity), std::move(values)},
                             column.GetNullCount() > 0 ? arrow::kUnknownNullCount : 0);
  kept->dictionary = column.dictionary;
  return arrow::MakeArray(kept);
}

}  // namespace

Result<Block> KeepRows(const Block& block, const arrow::BooleanArray& mask, int64_t num_kept,
                       arrow::MemoryPool* pool) {
  arrow::ArrayVector columns;
  columns.reserve(block.num_columns());
  RowNumbers rows;  // made for the first column that needs it
  arrow::compute::ExecContext context(pool);
  context.set_use_threads(false);
  for (const auto& column : block.batch()->columns()) {
    const int width = GatherWidth(*column->type());
    const bool gather = (width == 1 || width == 2 || width == 4 || width == 8) &&
                        block.num_rows() <= std::numeric_limits<uint32_t>::max();
    if (!gather) {
      ARROW_ASSIGN_OR_RAISE(
          arrow::Datum kept,
          arrow::compute::Filter(column, arrow::Datum(mask.data()),
                                 arrow::compute::FilterOptions::Defaults(), &context));
      columns.push_back(kept.make_array());
      continue;
    }
    if (rows.empty() && num_kept > 0) {
      ARROW_ASSIGN_OR_RAISE(auto bits, SelectedBits(mask, pool));
      rows = RowsOf(*bits, mask.length(), num_kept);
    }
    ARROW_ASSIGN_OR_RAISE(auto kept, GatherColumn(*column->data(), width, rows, pool));
    columns.push_back(std::move(kept));
  }
  return Block(arrow::RecordBatch::Make(block.schema(), num_kept, std::move(columns)));
}

}  // namespace headrace::expr
