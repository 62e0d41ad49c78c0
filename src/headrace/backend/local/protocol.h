// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "headrace/base/wire.h"
#include "headrace/task/task_spec.h"

namespace headrace::backend {

/// First word of every message between driver and worker.
enum class MessageType : uint64_t {
  // driver -> worker
  kRunTask = 1,      // task id, params, body, blocks
  kCreateActor = 2,  // body
  kRelease = 3,      // ids of the worker's segments whose blocks nobody uses any more
  kMapSegments = 4,  // segments of the next task, when they are too many for its own message
  // worker -> driver
  kBlocks = 11,      // task id, blocks
  kTaskDone = 12,    // task id, stats, retained and released segments
  kTaskFailed = 13,  // the same, error
  kActorReady = 14,
  kActorFailed = 15,  // error
};

/// A page of memory that driver and worker share: what has to reach a worker while it is busy.
struct ControlPage {
  /// The task whose result is not wanted any more.
  std::atomic<uint64_t> cancelled_task{0};
};

void WriteIds(const std::vector<uint64_t>& ids, WireWriter* out);
std::vector<uint64_t> ReadIds(WireReader* in);
void WriteParams(const task::TaskParams& params, WireWriter* out);
task::TaskParams ReadParams(WireReader* in);
void WriteStats(const task::TaskStats& stats, WireWriter* out);
task::TaskStats ReadStats(WireReader* in);
/// A Status with its ErrorDetail.
void WriteStatus(const Status& status, WireWriter* out);
Status ReadStatus(WireReader* in);

}  // namespace headrace::backend
