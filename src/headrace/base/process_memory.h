// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>

namespace headrace {

/// Memory of a process that belongs to it alone or was copied when it was forked: neither files nor
/// shared memory. Reads one line of /proc (about 5 µs); nullopt when the process is gone.
std::optional<int64_t> AnonymousBytes(pid_t pid);

/// What a process adds to the memory in use, by kind of page: one that several processes share
/// counts in parts. The kernel walks all pages for it (about 1 ms per 100 MB); nullopt when the
/// process is gone.
struct ProportionalBytes {
  int64_t anonymous = 0;
  int64_t shared_memory = 0;
  int64_t file = 0;
};
std::optional<ProportionalBytes> ProportionalMemory(pid_t pid);

/// Sets the mark of PeakResidentBytes() to what is resident now. False where the kernel does not
/// allow it.
bool ResetPeakResident();
/// Most bytes that were resident at a time in this process since the mark, files and shared memory
/// included; 0: unknown.
int64_t PeakResidentBytes();

/// Lets this process open as many files as its hard limit allows: each large block in shared memory
/// has a descriptor.
void RaiseOpenFilesLimit();

}  // namespace headrace
