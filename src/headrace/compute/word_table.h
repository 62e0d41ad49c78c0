// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace headrace::compute {

/// Maps 64-bit keys to the numbers 0, 1, … in order of first appearance. Open addressing; key and
/// number lie in one slot, so that a look-up of a cold key costs one miss, which is prefetched.
class WordTable {
 public:
  static constexpr uint32_t kNone = 0xffffffff;

  /// Makes room for so many new keys at once, instead of growing with them.
  void Reserve(int64_t more);
  /// Numbers of `keys`, into `ids`; a key that is new gets `next`, `next` + 1, …. Returns the
  /// number behind the last one given out.
  uint32_t Insert(std::span<const uint64_t> keys, uint32_t next, uint32_t* ids);
  /// kNone for a key that is not there.
  void Find(std::span<const uint64_t> keys, uint32_t* ids) const;
  int64_t bytes() const { return static_cast<int64_t>(slots_.capacity() * sizeof(Slot)); }
  void Clear();

 private:
  struct Slot {
    uint64_t key;
    uint32_t id;
  };
  std::vector<Slot> slots_;  // a power of two of them, or none
  uint64_t mask_ = 0;
  int64_t size_ = 0;
};

}  // namespace headrace::compute
