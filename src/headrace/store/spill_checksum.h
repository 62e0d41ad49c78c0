// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

namespace headrace::store {

/// XXH3 (64 bits) of bytes that come piece by piece. One thread.
class Checksum {
 public:
  Checksum();
  void Add(const void* data, int64_t bytes);
  uint64_t value() const;

 private:
  alignas(64) std::byte state_[576];  // an XXH3_state_t; its header is for one source file
};

/// The same state goes on with wider registers; nullptr where there are none to compile for.
using ChecksumUpdate = void (*)(void* state, const void* data, size_t bytes);
extern const ChecksumUpdate kChecksumUpdateAvx2;

}  // namespace headrace::store
