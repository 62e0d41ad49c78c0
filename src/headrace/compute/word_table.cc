// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/word_table.h"

#include <algorithm>
#include <bit>

#include "headrace/compute/key_hash.h"

namespace headrace::compute {
namespace {

// Keys whose slots are on their way from memory at a time. Keys are handled in batches, so that
// room is made once per batch.
constexpr size_t kAhead = 16;
constexpr size_t kBatch = 512;
constexpr uint64_t kFirstSlots = 1024;

}  // namespace

void WordTable::Reserve(int64_t more) {
  // At most 5 of 8 slots are taken: probing from slot to slot stays short.
  const auto wanted = static_cast<uint64_t>((size_ + more) * 8 / 5 + 1);
  if (wanted <= slots_.size()) return;
  std::vector<Slot> old = std::move(slots_);
  slots_.assign(std::max(kFirstSlots, std::bit_ceil(wanted)), Slot{0, kNone});
  mask_ = slots_.size() - 1;
  for (const Slot& slot : old) {
    if (slot.id == kNone) continue;
    uint64_t at = HashWord(slot.key) & mask_;
    while (slots_[at].id != kNone) at = (at + 1) & mask_;
    slots_[at] = slot;
  }
}

uint32_t WordTable::Insert(std::span<const uint64_t> keys, uint32_t next, uint32_t* ids) {
  uint64_t hashes[kBatch];
  while (!keys.empty()) {
    const size_t count = std::min(keys.size(), kBatch);
    Reserve(static_cast<int64_t>(count));
    Slot* const slots = slots_.data();
    const uint64_t mask = mask_;
    for (size_t i = 0; i < count; ++i) hashes[i] = HashWord(keys[i]);
    for (size_t i = 0; i < std::min(kAhead, count); ++i) {
      __builtin_prefetch(slots + (hashes[i] & mask), 1);
    }
    for (size_t i = 0; i < count; ++i) {
      if (i + kAhead < count) __builtin_prefetch(slots + (hashes[i + kAhead] & mask), 1);
      const uint64_t key = keys[i];
      uint64_t at = hashes[i] & mask;
      while (slots[at].key != key || slots[at].id == kNone) {
        if (slots[at].id == kNone) {
          slots[at] = {key, next++};
          ++size_;
          break;
        }
        at = (at + 1) & mask;
      }
      ids[i] = slots[at].id;
    }
    keys = keys.subspan(count);
    ids += count;
  }
  return next;
}

void WordTable::Find(std::span<const uint64_t> keys, uint32_t* ids) const {
  if (size_ == 0) {
    std::fill_n(ids, keys.size(), kNone);
    return;
  }
  for (size_t i = 0; i < keys.size(); ++i) {
    if (i + kAhead < keys.size()) {
      __builtin_prefetch(slots_.data() + (HashWord(keys[i + kAhead]) & mask_));
    }
    uint64_t at = HashWord(keys[i]) & mask_;
    while (slots_[at].id != kNone && slots_[at].key != keys[i]) at = (at + 1) & mask_;
    ids[i] = slots_[at].id;
  }
}

void WordTable::Clear() {
  slots_ = {};
  mask_ = 0;
  size_ = 0;
}

}  // namespace headrace::compute
