// SPDX-License-Identifier: Apache-2.0
// Compiled for processors with AVX2, and called on those only. Nothing but the hash may be in here:
// an inline function of another header would be compiled for them as well, and might be the copy
// that the linker keeps for everybody.
#include "headrace/store/spill_checksum.h"

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__)
#include <immintrin.h>

#pragma GCC target("avx2")
#define XXH_INLINE_ALL
#define XXH_VECTOR XXH_AVX2
#include <arrow/vendored/xxhash.h>

namespace headrace::store {
namespace {

void UpdateAvx2(void* state, const void* data, size_t bytes) {
  XXH3_64bits_update(static_cast<XXH3_state_t*>(state), data, bytes);
}

}  // namespace

const ChecksumUpdate kChecksumUpdateAvx2 = UpdateAvx2;

}  // namespace headrace::store

#else

namespace headrace::store {

const ChecksumUpdate kChecksumUpdateAvx2 = nullptr;

}  // namespace headrace::store

#endif
