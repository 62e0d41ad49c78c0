// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headrace/base/wire.h"
#include "headrace/task/task_spec.h"

namespace headrace::backend {

/// First word of every message between driver and worker.
enum class MessageType : uint64_t {
  // driver -> worker
  kRunTask = 1,       // task id, params, body, blocks
  kCreateActor = 2,   // body
  kRelease = 3,       // ids of the worker's segments whose blocks nobody uses any more
  kMapSegments = 4,   // segments of the next task, when they are too many for its own message
  kMemoryLimits = 5,  // MemoryLimits; before any task
  kTrim = 6,          // memory is short: give back what is kept for reuse
  // worker -> driver
  kBlocks = 11,      // task id, size and content of each block
  kTaskDone = 12,    // task id, stats, retained and released segments
  kTaskFailed = 13,  // the same, error
  kActorReady = 14,
  kActorFailed = 15,  // error
  kStarted = 16,      // anonymous memory of the fresh process, in bytes
};

/// What a worker may keep for itself.
struct MemoryLimits {
  /// Bytes of unused segments, and of unused buffers, that are kept for reuse.
  int64_t max_idle_bytes = 64 << 20;
  /// Pieces from this size on go back to the system as soon as the user's functions free them,
  /// smaller ones when twice as much is free at the end of the heap; 0: malloc decides.
  int64_t malloc_keep_bytes = 0;
};

void WriteIds(const std::vector<uint64_t>& ids, WireWriter* out);
std::vector<uint64_t> ReadIds(WireReader* in);
void WriteMemoryLimits(const MemoryLimits& limits, WireWriter* out);
MemoryLimits ReadMemoryLimits(WireReader* in);
void WriteParams(const task::TaskParams& params, WireWriter* out);
task::TaskParams ReadParams(WireReader* in);
void WriteStats(const task::TaskStats& stats, WireWriter* out);
task::TaskStats ReadStats(WireReader* in);
/// A Status with its ErrorDetail.
void WriteStatus(const Status& status, WireWriter* out);
Status ReadStatus(WireReader* in);

}  // namespace headrace::backend
