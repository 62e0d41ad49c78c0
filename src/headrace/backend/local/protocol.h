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
  kRunTask = 1,      // WireRunTask, body bytes if new, blocks
  kCreateActor = 2,  // body id, body bytes
  kRelease = 3,      // ids of the worker's segments whose blocks nobody uses any more
  // worker -> driver
  kBlocks = 11,      // task id, blocks
  kTaskDone = 12,    // task id, stats, retained segments
  kTaskFailed = 13,  // task id, stats, retained segments, error
  kActorReady = 14,
  kActorFailed = 15,  // error
  kReleased = 16,     // ids of the driver's segments that were retained and are free now
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
