// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/sort_key.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "headrace/compute/fixed_key_column.h"
#include "headrace/compute/key_column.h"

namespace headrace::compute {
namespace {

/// Behind the last key, so that a window can be read at any place of one.
constexpr int64_t kSpareBytes = 8;

Result<arrow::ArrayVector> ChunksOf(std::span<const Block> blocks, const SortColumn& key) {
  arrow::ArrayVector chunks;
  for (const Block& block : blocks) {
    auto column = block.batch()->GetColumnByName(key.name);
    if (column != nullptr) {
      chunks.push_back(std::move(column));
      continue;
    }
    std::string names;
    for (const auto& field : block.schema()->fields()) {
      names += (names.empty() ? "'" : ", '") + field->name() + "'";
    }
    return Status::Invalid("Sort key '", key.name,
                           "' is not a column; there are: ", names.empty() ? "none" : names);
  }
  return chunks;
}

}  // namespace

SortKeys::SortKeys() = default;
SortKeys::SortKeys(SortKeys&&) noexcept = default;
SortKeys& SortKeys::operator=(SortKeys&&) noexcept = default;
SortKeys::~SortKeys() = default;

Result<SortKeys> SortKeys::Make(std::span<const Block> blocks, std::span<const SortColumn> keys,
                                arrow::MemoryPool* pool) {
  if (keys.empty()) return Status::Invalid("There is no column to sort by");
  SortKeys out;
  for (const Block& block : blocks) out.num_rows_ += block.num_rows();
  std::vector<std::unique_ptr<KeyColumn>> columns;
  for (const SortColumn& key : keys) {
    ARROW_ASSIGN_OR_RAISE(const auto chunks, ChunksOf(blocks, key));
    ARROW_ASSIGN_OR_RAISE(auto column, MakeKeyColumn(chunks, key, pool));
    columns.push_back(std::move(column));
  }
  if (std::all_of(columns.begin(), columns.end(),
                  [](const auto& column) { return column->fixed() != nullptr; })) {
    std::vector<std::unique_ptr<FixedKeyColumn>> fixed;
    for (auto& column : columns) fixed.emplace_back(column.release()->fixed());
    ARROW_ASSIGN_OR_RAISE(out.packed_, out.Pack(fixed, pool));
    if (out.packed_) return out;
    columns.assign(std::make_move_iterator(fixed.begin()), std::make_move_iterator(fixed.end()));
  }
  ARROW_RETURN_NOT_OK(out.WriteBytes(columns, pool));
  out.common_bits_ = 8 * out.CommonBytes();
  return out;
}

Result<bool> SortKeys::Pack(std::vector<std::unique_ptr<FixedKeyColumn>>& columns,
                            arrow::MemoryPool* pool) {
  int total = 0;
  for (const auto& column : columns) {
    const int bits = column->part_bits();
    if (bits < 0 || total + bits > 64) return false;
    total += bits;
  }
  ARROW_ASSIGN_OR_RAISE(codes_, PoolArray<uint64_t>::Make(num_rows_, pool));
  std::fill_n(codes_.data(), num_rows_, 0);
  int behind = 64;  // bits from the end of a column's part to the end of the number
  for (const auto& column : columns) {
    behind -= column->part_bits();
    if (column->part_bits() > 0) column->AddParts(behind, codes_.span());
  }
  packed_bits_ = total;
  for (auto& column : columns) column->DropRows();
  columns_ = std::move(columns);
  return true;
}

Status SortKeys::WriteBytes(const std::vector<std::unique_ptr<KeyColumn>>& columns,
                            arrow::MemoryPool* pool) {
  ARROW_ASSIGN_OR_RAISE(ends_, PoolArray<int64_t>::Make(num_rows_ + 1, pool));
  std::fill_n(ends_.data(), num_rows_ + 1, 0);
  // While columns are written, the place of row i is in ends_[i + 1]: it ends as that row's end.
  const std::span<int64_t> rows = ends_.span().subspan(1);
  for (const auto& column : columns) column->AddLengths(rows);
  int64_t total = 0;
  for (int64_t& row : rows) total += std::exchange(row, total);
  ARROW_ASSIGN_OR_RAISE(bytes_, PoolArray<uint8_t>::Make(total + kSpareBytes, pool));
  std::fill_n(bytes_.data() + total, kSpareBytes, 0);
  for (const auto& column : columns) column->Write(bytes_.data(), rows);
  return Status::OK();
}

int64_t SortKeys::CommonBytes() const {
  if (num_rows_ == 0) return 0;
  std::string_view common = View(0);
  for (int64_t row = 1; row < num_rows_ && !common.empty(); ++row) {
    const std::string_view key = View(row);
    const auto differ = std::mismatch(common.begin(), common.end(), key.begin(), key.end());
    common = common.substr(0, differ.first - common.begin());
  }
  return static_cast<int64_t>(common.size());
}

std::string SortKeys::Bytes(int64_t row) const {
  if (!packed_) return std::string(View(row));
  std::string bytes;
  int behind = 64;
  for (const auto& column : columns_) {
    const int bits = column->part_bits();
    behind -= bits;
    const uint64_t part = bits == 0 ? 0 : (codes_[row] >> behind) & (~uint64_t{0} >> (64 - bits));
    column->AppendBytes(part, &bytes);
  }
  return bytes;
}

}  // namespace headrace::compute
