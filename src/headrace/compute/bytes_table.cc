// SPDX-License-Identifier: Apache-2.0
#include "headrace/compute/bytes_table.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "headrace/compute/key_hash.h"

namespace headrace::compute {
namespace {

constexpr size_t kBatch = 512;
constexpr size_t kSlotAhead = 24;  // keys whose slots are on their way
constexpr size_t kKeyAhead = 8;    // keys whose bytes are on their way
constexpr uint64_t kFirstSlots = 1024;

uint32_t TagOfHash(uint64_t hash) { return static_cast<uint32_t>(hash >> 32); }

/// memcmp for short keys without its call.
bool Equal(std::string_view a, const char* b) {
  size_t rest = a.size();
  const char* at = a.data();
  for (; rest >= 8; rest -= 8, at += 8, b += 8) {
    uint64_t x;
    uint64_t y;
    std::memcpy(&x, at, 8);
    std::memcpy(&y, b, 8);
    if (x != y) return false;
  }
  for (; rest > 0; --rest) {
    if (*at++ != *b++) return false;
  }
  return true;
}

}  // namespace

void BytesTable::Reserve(int64_t more) {
  const auto wanted = static_cast<uint64_t>((size_ + more) * 8 / 5 + 1);
  if (wanted <= slots_.size()) return;
  const std::vector<Slot> old = std::move(slots_);
  const std::vector<uint64_t> old_hashes = std::move(hashes_);
  slots_.assign(std::max(kFirstSlots, std::bit_ceil(wanted)), Slot{0, kNone});
  hashes_.resize(slots_.size());
  mask_ = slots_.size() - 1;
  for (size_t i = 0; i < old.size(); ++i) {
    if (old[i].id == kNone) continue;
    uint64_t at = old_hashes[i] & mask_;
    while (slots_[at].id != kNone) at = (at + 1) & mask_;
    slots_[at] = old[i];
    hashes_[at] = old_hashes[i];
  }
}

uint32_t BytesTable::Insert(std::span<const std::string_view> keys, uint32_t next, uint32_t* ids) {
  uint64_t hashes[kBatch];
  while (!keys.empty()) {
    const size_t count = std::min(keys.size(), kBatch);
    Reserve(static_cast<int64_t>(count));
    for (size_t i = 0; i < count; ++i) hashes[i] = HashBytes(keys[i]);
    for (size_t i = 0; i < std::min(kSlotAhead, count); ++i) {
      __builtin_prefetch(&slots_[hashes[i] & mask_], 1);
    }
    for (size_t i = 0; i < count; ++i) {
      if (i + kSlotAhead < count) {
        __builtin_prefetch(&slots_[hashes[i + kSlotAhead] & mask_], 1);
      }
      if (i + kKeyAhead < count) {
        const uint32_t id = slots_[hashes[i + kKeyAhead] & mask_].id;
        if (id != kNone) __builtin_prefetch(arena_.data() + begins_[id]);
      }
      const std::string_view key = keys[i];
      const uint32_t tag = TagOfHash(hashes[i]);
      for (uint64_t at = hashes[i] & mask_;; at = (at + 1) & mask_) {
        Slot& slot = slots_[at];
        if (slot.id == kNone) {
          slot = {tag, next};
          hashes_[at] = hashes[i];
          ++size_;
          begins_.resize(static_cast<size_t>(next) + 1, arena_.size());
          arena_.insert(arena_.end(), key.begin(), key.end());
          begins_.push_back(arena_.size());
          ids[i] = next++;
          break;
        }
        if (slot.tag != tag) continue;
        const std::string_view other = Key(slot.id);
        if (other.size() == key.size() && Equal(key, other.data())) {
          ids[i] = slot.id;
          break;
        }
      }
    }
    keys = keys.subspan(count);
    ids += count;
  }
  return next;
}

void BytesTable::Find(std::span<const std::string_view> keys, uint32_t* ids) const {
  if (size_ == 0) {
    std::fill_n(ids, keys.size(), kNone);
    return;
  }
  uint64_t hashes[kBatch];
  while (!keys.empty()) {
    const size_t count = std::min(keys.size(), kBatch);
    for (size_t i = 0; i < count; ++i) {
      hashes[i] = HashBytes(keys[i]);
      __builtin_prefetch(&slots_[hashes[i] & mask_]);
    }
    for (size_t i = 0; i < count; ++i) {
      if (i + kKeyAhead < count) {
        const uint32_t id = slots_[hashes[i + kKeyAhead] & mask_].id;
        if (id != kNone) __builtin_prefetch(arena_.data() + begins_[id]);
      }
      const uint32_t tag = TagOfHash(hashes[i]);
      uint64_t at = hashes[i] & mask_;
      for (; slots_[at].id != kNone; at = (at + 1) & mask_) {
        if (slots_[at].tag != tag) continue;
        const std::string_view other = Key(slots_[at].id);
        if (other.size() == keys[i].size() && Equal(keys[i], other.data())) break;
      }
      ids[i] = slots_[at].id;
    }
    keys = keys.subspan(count);
    ids += count;
  }
}

int64_t BytesTable::bytes() const {
  return static_cast<int64_t>(slots_.capacity() * sizeof(Slot) +
                              (hashes_.capacity() + begins_.capacity()) * sizeof(uint64_t) +
                              arena_.capacity());
}

void BytesTable::Clear() { *this = BytesTable(); }

}  // namespace headrace::compute
