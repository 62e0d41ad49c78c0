// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace headrace::compute {

/// Maps byte strings to the numbers 0, 1, … in order of first appearance. The strings lie one after
/// the other in an arena; slots hold half of the hash, so that a look-up reads the bytes of another
/// string once in four billion times, and growing reads none.
class BytesTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  /// Numbers of `keys`, into `ids`; a key that is new gets `next`, `next` + 1, …: every number that
  /// was ever passed over belongs to no string of this table. Returns the number behind the last.
  uint32_t Insert(std::span<const std::string_view> keys, uint32_t next, uint32_t* ids);
  /// kNone for a key that is not there.
  void Find(std::span<const std::string_view> keys, uint32_t* ids) const;
  /// The string with number `id`; empty for a number that was passed over. Valid until the next
  /// Insert.
  std::string_view Key(uint32_t id) const {
    if (id + 1 >= begins_.size()) return {};
    return {arena_.data() + begins_[id], begins_[id + 1] - begins_[id]};
  }
  int64_t bytes() const;
  void Clear();

 private:
  struct Slot {
    uint32_t tag;  // upper half of the hash
    uint32_t id;
  };
  void Reserve(int64_t more);

  std::vector<Slot> slots_;       // a power of two of them, or none
  std::vector<uint64_t> hashes_;  // by slot: for growing
  std::vector<char> arena_;
  std::vector<uint64_t> begins_ = {0};
  uint64_t mask_ = 0;
  int64_t size_ = 0;
};

}  // namespace headrace::compute
