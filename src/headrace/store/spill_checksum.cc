// SPDX-License-Identifier: Apache-2.0
#include "headrace/store/spill_checksum.h"

#define XXH_INLINE_ALL
#include <arrow/vendored/xxhash.h>

namespace headrace::store {
namespace {

void UpdateBaseline(void* state, const void* data, size_t bytes) {
  XXH3_64bits_update(static_cast<XXH3_state_t*>(state), data, bytes);
}

/// Twice as fast with AVX2 (35 against 19 GB/s on a Xeon, in the caches): next to a copy of 9 GB/s
/// that shows.
ChecksumUpdate FastestUpdate() {
#if defined(__x86_64__)
  if (kChecksumUpdateAvx2 != nullptr && __builtin_cpu_supports("avx2")) return kChecksumUpdateAvx2;
#endif
  return UpdateBaseline;
}

}  // namespace

Checksum::Checksum() {
  static_assert(sizeof(XXH3_state_t) <= sizeof(state_));
  XXH3_64bits_reset(reinterpret_cast<XXH3_state_t*>(state_));
}

void Checksum::Add(const void* data, int64_t bytes) {
  static const ChecksumUpdate update = FastestUpdate();
  update(state_, data, static_cast<size_t>(bytes));
}

uint64_t Checksum::value() const {
  return XXH3_64bits_digest(reinterpret_cast<const XXH3_state_t*>(state_));
}

}  // namespace headrace::store
