// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/pool_array.h"
#include "headrace/shuffle_options.h"

namespace headrace::compute {

class FixedKeyColumn;
class KeyColumn;

/// What decides the order of rows, in two forms.
///
/// Bytes(): the order is that of memcmp (no key begins another one). They depend on the values
/// alone: not on chunks, on a dictionary, on the width of an integer, float or offset, nor on the
/// other rows; so keys of any two tasks compare.
///
/// NaN, then null, come last in both directions.
///
/// Window(): the same order as 64-bit numbers, for these rows only. Where the keys of all rows fit
/// (numbers, times, bools: the ranges that their values take up), the first window is everything.
///
/// Immutable; any thread.
class SortKeys {
 public:
  /// Keys of the rows of all `blocks`, as if joined. All have the same types, or null. Fails with
  /// Invalid where a column does not exist, with TypeError where its type has no order.
  static Result<SortKeys> Make(std::span<const Block> blocks, std::span<const SortColumn> keys,
                               arrow::MemoryPool* pool);
  static Result<SortKeys> Make(const Block& block, std::span<const SortColumn> keys,
                               arrow::MemoryPool* pool) {
    return Make(std::span(&block, 1), keys, pool);
  }
  SortKeys(SortKeys&&) noexcept;
  SortKeys& operator=(SortKeys&&) noexcept;
  ~SortKeys();

  int64_t num_rows() const { return num_rows_; }
  /// True when rows of equal prefix have equal keys.
  bool prefix_is_key() const { return packed_; }
  uint64_t prefix(int64_t row) const { return Window(row, common_bits_); }
  /// Bits [depth, depth + 64) of the key of `row`, first bit highest; zeros behind the end. `depth`
  /// is a multiple of depth_unit().
  uint64_t Window(int64_t row, int64_t depth) const;
  int depth_unit() const { return packed_ ? 1 : 8; }
  /// The first bits, that are the same in all keys.
  int64_t common_bits() const { return common_bits_; }
  /// Bits of the key of `row`.
  int64_t num_bits(int64_t row) const {
    return packed_ ? packed_bits_ : 8 * (ends_[row + 1] - ends_[row]);
  }
  /// <0, 0, >0.
  int Compare(int64_t a, int64_t b) const;
  std::string Bytes(int64_t row) const;

 private:
  SortKeys();
  /// Puts the keys of all columns into one number per row; false when they do not fit.
  Result<bool> Pack(std::vector<std::unique_ptr<FixedKeyColumn>>& columns, arrow::MemoryPool* pool);
  Status WriteBytes(const std::vector<std::unique_ptr<KeyColumn>>& columns,
                    arrow::MemoryPool* pool);
  int64_t CommonBytes() const;
  std::string_view View(int64_t row) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + ends_[row],
            static_cast<size_t>(ends_[row + 1] - ends_[row])};
  }

  int64_t num_rows_ = 0;
  bool packed_ = false;
  int64_t packed_bits_ = 0;
  int64_t common_bits_ = 0;
  // Packed: a number per row, its bits at the top; and the columns, to make bytes of it.
  PoolArray<uint64_t> codes_;
  std::vector<std::unique_ptr<FixedKeyColumn>> columns_;
  // Not packed: the bytes of row i are those from ends_[i] to ends_[i + 1]. 8 spare ones follow.
  PoolArray<int64_t> ends_;
  PoolArray<uint8_t> bytes_;
};

inline uint64_t SortKeys::Window(int64_t row, int64_t depth) const {
  if (packed_) return depth < 64 ? codes_[row] << depth : 0;
  const int64_t at = ends_[row] + depth / 8;
  const int64_t left = ends_[row + 1] - at;
  if (left <= 0) return 0;
  uint64_t window;
  std::memcpy(&window, bytes_.data() + at, sizeof(window));
  static_assert(std::endian::native == std::endian::little);
  window = __builtin_bswap64(window);
  return left >= 8 ? window : window & (~uint64_t{0} << (64 - 8 * left));
}

inline int SortKeys::Compare(int64_t a, int64_t b) const {
  if (packed_) return codes_[a] < codes_[b] ? -1 : codes_[a] > codes_[b];
  return View(a).compare(View(b));
}

}  // namespace headrace::compute
