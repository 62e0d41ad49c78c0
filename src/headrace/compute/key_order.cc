// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/key_order.h"

#include <algorithm>
#include <bit>

#include "headrace/compute/radix_sort.h"

namespace headrace::compute {
namespace {

/// Up to so many rows are compared with one another.
constexpr size_t kSmallGroup = 64;
/// Bits beyond those that number the rows: of even keys, one in 2^6 shares its bits with another.
constexpr int kSpareBits = 6;

/// Sorts by 64 bits of the keys at a time, highest first. Of those only as many as tell most rows
/// apart are sorted by radix, together with the place of the row in one number; rows that have them
/// in common are compared when they are few, else sorted by the bits that follow.
class Orderer {
 public:
  static Result<Orderer> Make(const SortKeys& keys, int64_t num_rows, arrow::MemoryPool* pool) {
    Orderer orderer(keys);
    ARROW_ASSIGN_OR_RAISE(orderer.entries_, PoolArray<uint64_t>::Make(num_rows, pool));
    ARROW_ASSIGN_OR_RAISE(orderer.scratch_, PoolArray<uint64_t>::Make(num_rows, pool));
    return orderer;
  }

  void Sort(std::span<uint32_t> rows) { Sort(rows, 0, keys_->common_bits()); }

 private:
  explicit Orderer(const SortKeys& keys) : keys_(&keys) {}

  /// Keys of `rows` agree before bit `depth`. Uses the entries from `base` on, one per row.
  void Sort(std::span<uint32_t> rows, int64_t base, int64_t depth) {
    if (rows.size() < 2) return;
    const auto entries = entries_.span().subspan(base, rows.size());
    if (!FillWindows(rows, entries, &depth)) return;
    uint64_t differ = 0;
    for (const uint64_t window : entries) differ |= window ^ entries[0];
    const int lead = std::countl_zero(differ);
    const int place_bits = std::bit_width(rows.size() - 1);
    const uint64_t place_mask = (uint64_t{1} << place_bits) - 1;
    for (size_t i = 0; i < entries.size(); ++i) {
      entries[i] = ((entries[i] << lead) & ~place_mask) | i;
    }
    // Bits by which the rows are in groups.
    int bits = 0;
    if (rows.size() > kSmallGroup) {
      bits = std::min(
          {64 - place_bits, place_bits + kSpareBits, 64 - std::countr_zero(differ) - lead});
    }
    const auto scratch = scratch_.span().subspan(base, rows.size());
    RadixSort(entries, scratch, 64 - bits, bits);
    const bool in_order = keys_->prefix_is_key() && bits == 64 - std::countr_zero(differ) - lead;
    const int group_shift = 64 - bits;
    if (!in_order) SortSmallGroups(rows, entries, place_mask, group_shift);
    Permute(rows, entries, place_mask, scratch);
    if (in_order || rows.size() <= kSmallGroup) return;
    ForEachGroup(entries, group_shift, [&](size_t begin, size_t end) {
      if (end - begin <= kSmallGroup) return;
      const int64_t next = depth + lead + bits;
      Sort(rows.subspan(begin, end - begin), base + static_cast<int64_t>(begin),
           next - next % keys_->depth_unit());
    });
  }

  /// Windows at the first depth, from `depth` on, where they differ; false if keys are equal.
  bool FillWindows(std::span<const uint32_t> rows, std::span<uint64_t> windows,
                   int64_t* depth) const {
    for (;; *depth += 64) {
      uint64_t differ = 0;
      for (size_t i = 0; i < rows.size(); ++i) {
        windows[i] = keys_->Window(rows[i], *depth);
        differ |= windows[i] ^ windows[0];
      }
      if (differ != 0) return true;
      // No key begins another one: where one ends, all do.
      if (keys_->num_bits(rows[0]) <= *depth + 64) return false;
    }
  }

  /// Calls with the begin and the end of each group of entries that agree above `shift`.
  template <typename Visit>
  static void ForEachGroup(std::span<const uint64_t> entries, int shift, Visit visit) {
    const auto group = [&](size_t i) { return shift == 64 ? 0 : entries[i] >> shift; };
    for (size_t begin = 0; begin < entries.size();) {
      const uint64_t first = group(begin);
      size_t end = begin + 1;
      while (end < entries.size() && group(end) == first) ++end;
      if (end - begin > 1) visit(begin, end);
      begin = end;
    }
  }

  void SortSmallGroups(std::span<const uint32_t> rows, std::span<uint64_t> entries,
                       uint64_t place_mask, int shift) const {
    const auto less = [&](uint64_t a, uint64_t b) {
      if (((a ^ b) & ~place_mask) != 0) return a < b;
      const int order = keys_->Compare(rows[a & place_mask], rows[b & place_mask]);
      return order != 0 ? order < 0 : a < b;
    };
    ForEachGroup(entries, shift, [&](size_t begin, size_t end) {
      if (end - begin > kSmallGroup) return;
      std::sort(entries.begin() + begin, entries.begin() + end, less);
    });
  }

  static void Permute(std::span<uint32_t> rows, std::span<const uint64_t> entries,
                      uint64_t place_mask, std::span<uint64_t> scratch) {
    const std::span<uint32_t> moved(reinterpret_cast<uint32_t*>(scratch.data()), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) moved[i] = rows[entries[i] & place_mask];
    std::copy(moved.begin(), moved.end(), rows.begin());
  }

  const SortKeys* keys_;
  PoolArray<uint64_t> entries_;
  PoolArray<uint64_t> scratch_;
};

/// Moves the rows that can be among the first `limit` to the front, in the order they have. Returns
/// how many.
Result<size_t> Select(const SortKeys& keys, std::span<uint32_t> rows, size_t limit,
                      arrow::MemoryPool* pool) {
  if (limit == 0) return 0;
  ARROW_ASSIGN_OR_RAISE(auto prefixes,
                        PoolArray<uint64_t>::Make(static_cast<int64_t>(rows.size()), pool));
  const auto all = prefixes.span();
  for (size_t i = 0; i < rows.size(); ++i) all[i] = keys.prefix(rows[i]);
  std::nth_element(all.begin(), all.begin() + (limit - 1), all.end());
  const uint64_t last = all[limit - 1];
  size_t room_for_last = rows.size();
  if (keys.prefix_is_key()) {
    room_for_last = limit - std::count_if(all.begin(), all.begin() + limit,
                                          [last](uint64_t prefix) { return prefix < last; });
  }
  size_t kept = 0;
  for (const uint32_t row : rows) {
    const uint64_t prefix = keys.prefix(row);
    if (prefix > last || (prefix == last && room_for_last == 0)) continue;
    if (prefix == last) --room_for_last;
    rows[kept++] = row;
  }
  return kept;
}

}  // namespace

Status OrderByKey(const SortKeys& keys, std::span<uint32_t> rows, int64_t limit,
                  arrow::MemoryPool* pool) {
  if (limit >= 0 && static_cast<size_t>(limit) < rows.size()) {
    ARROW_ASSIGN_OR_RAISE(const size_t kept, Select(keys, rows, static_cast<size_t>(limit), pool));
    rows = rows.first(kept);
  }
  ARROW_ASSIGN_OR_RAISE(auto orderer, Orderer::Make(keys, static_cast<int64_t>(rows.size()), pool));
  orderer.Sort(rows);
  return Status::OK();
}

}  // namespace headrace::compute
