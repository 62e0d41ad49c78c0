// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/task/ref_bundle.h"

namespace headrace::task {

using TaskId = uint64_t;
using ActorId = uint64_t;

/// Ids are unique within this process and never reused.
uint64_t NextId();

/// CPU and GPU slots and bytes that something needs or has. Slots are logical and may be fractions.
struct Resources {
  double cpu = 0;
  double gpu = 0;
  double memory_bytes = 0;
};

/// Where a task may run.
enum class Lane : uint8_t {
  kThread,   // every step is native: a thread of the driver
  kProcess,  // some step is Python: a worker process
};

/// What a task reports about itself when it ends.
struct TaskStats {
  double wall_s = 0;
  double cpu_s = 0;
  double udf_s = 0;  // of wall_s, inside functions of the user
  int64_t rows_in = 0;
  int64_t rows_out = 0;
  int64_t rows_consumed = 0;  // written to files, counted or aggregated: they are in no block
  int64_t bytes_out = 0;
  int64_t blocks_out = 0;
  int64_t skipped_inputs = 0;  // e.g. unreadable images that were dropped
  int64_t peak_rss_bytes = 0;  // of the worker process; 0 in the thread lane
  /// Most working memory at a time, beyond the input and the output that was handed on; 0: unknown.
  int64_t heap_peak_bytes = 0;
};

/// What distinguishes one task from the others of its operator.
struct TaskParams {
  int64_t task_index = 0;
  std::string write_id;  // of the run
  int64_t target_max_block_size = 128 << 20;
  int64_t target_min_block_size = 1 << 20;
  /// Unread blocks (see TaskBackend::Acknowledge) at which the task pauses, if they have
  /// target_min_block_size bytes in all. 0: it never pauses.
  int64_t max_unread_blocks = 0;
  /// Put out what each input block gave on its own, so that outputs do not mix when several small
  /// blocks share a task.
  bool flush_per_block = false;
  std::string argument;  // RefBundle::argument
};

/// Takes the output of a task while it runs. One thread at a time.
class TaskOutput {
 public:
  virtual ~TaskOutput() = default;
  /// Hands `block` on. May block while the consumer is behind.
  virtual Status Put(Block block) = 0;
  /// The result is not wanted any more.
  virtual bool cancelled() const = 0;
};

/// A TaskBody made ready to run: functions loaded, classes constructed. An actor keeps one for its
/// life, a task for its own. One thread at a time.
class TaskRunner {
 public:
  virtual ~TaskRunner() = default;
  virtual Status Run(const std::vector<Block>& inputs, const TaskParams& params, TaskOutput& out,
                     TaskStats* stats) = 0;
};

/// What the tasks of one operator do: a fused chain of steps. Immutable, any thread.
class TaskBody {
 public:
  virtual ~TaskBody() = default;
  virtual uint64_t id() const = 0;  // workers remember bodies by it
  virtual const std::string& operator_name() const = 0;
  virtual Lane lane() const = 0;
  /// For another process of the same version.
  virtual Result<std::string> Serialize() const = 0;
  virtual Result<std::unique_ptr<TaskRunner>> MakeRunner() const = 0;
};

struct TaskSpec {
  TaskId id = 0;
  std::shared_ptr<const TaskBody> body;
  RefBundle input;
  TaskParams params;
  Resources resources;
};

struct ActorSpec {
  ActorId id = 0;
  std::shared_ptr<const TaskBody> body;
  Resources resources;
};

}  // namespace headrace::task
