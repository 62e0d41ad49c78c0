// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/memory_sizes.h"

#include <algorithm>

namespace headrace::api {
namespace {

constexpr int64_t kMib = 1 << 20;
constexpr double kObjectStoreShare = 0.3;
/// Each pool keeps at most this part of the ceiling, and never more than pays off: the blocks that
/// are in flight between two operators on a small machine.
constexpr int64_t kIdlePart = 16;
constexpr int64_t kMaxIdleSegments = 256 * kMib;
constexpr int64_t kMaxIdleBuffers = 128 * kMib;
constexpr int64_t kMaxWorkerIdle = 64 * kMib;
/// Blocks that fit in the share of a slot.
constexpr int64_t kBlocksPerSlot = 16;
constexpr int64_t kMinMaxBlock = kMib;
/// A worker's malloc keeps freed pieces up to this part of what a slot has, and never larger ones:
/// those of a model's layers are 100 MiB for a batch of images.
constexpr int64_t kMallocKeepPart = 16;
constexpr int64_t kMaxMallocKeep = 512 * kMib;

}  // namespace

MemorySizes DivideMemory(int64_t ceiling, std::optional<int64_t> object_store, int num_slots) {
  const int64_t slots = std::max(1, num_slots);
  MemorySizes sizes;
  sizes.ceiling = ceiling;
  sizes.object_store =
      object_store.value_or(static_cast<int64_t>(static_cast<double>(ceiling) * kObjectStoreShare));
  // A store below its share says that blocks are to take little: those of the ceiling whose share
  // it would be.
  int64_t small = ceiling;
  if (object_store) {
    const double whole = static_cast<double>(*object_store) / kObjectStoreShare;
    small = static_cast<int64_t>(std::min(static_cast<double>(ceiling), whole));
  }
  sizes.idle_segments = std::min(kMaxIdleSegments, small / kIdlePart);
  sizes.idle_buffers = std::min(kMaxIdleBuffers, small / kIdlePart);
  sizes.worker_idle = std::min(kMaxWorkerIdle, ceiling / kIdlePart / slots);
  sizes.worker_malloc_keep = std::clamp(ceiling / slots / kMallocKeepPart, kMib, kMaxMallocKeep);
  sizes.max_block = std::max(kMinMaxBlock, small / (kBlocksPerSlot * slots));
  return sizes;
}

}  // namespace headrace::api
