// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "headrace/base/status.h"
#include "headrace/base/wire.h"
#include "headrace/block.h"

namespace headrace::store {
class MemoryLedger;
}

namespace headrace::worker {

class UdfHost;

/// Receives blocks, in order.
class BlockSink {
 public:
  virtual ~BlockSink() = default;
  virtual Status Put(Block block) = 0;
  /// True when whatever is put in from now on is not used: a limit further down was reached.
  virtual bool full() const { return false; }
};

/// What a step may use as long as it lives. Borrowed; outlives the step.
struct StepContext {
  arrow::MemoryPool* pool = arrow::default_memory_pool();
  UdfHost* udf_host = nullptr;  // nullptr where no Python function can run
  double num_cpus = 1;          // CPU slots of a task
  int64_t max_errored_files = 0;
  /// Bytes of files that a reader may have in memory at a time.
  int64_t read_buffer_bytes = 32 << 20;
  /// For memory that only the data tells of, in the middle of a task; nullptr where nobody counts
  /// (worker processes are measured instead). Not to be held across BlockSink::Put.
  store::MemoryLedger* memory = nullptr;
  const std::atomic<bool>* cancelled = nullptr;  // set when the result is not wanted any more
};

/// The task that a step is about to work for.
struct TaskInfo {
  int64_t task_index = 0;
  std::string write_id;
  int64_t target_max_block_size = 128 << 20;
  int64_t target_min_block_size = 1 << 20;
  std::string argument;  // task::RefBundle::argument
};

/// One stage of a fused chain. One thread at a time. Lives for one task, or, in an actor, for many:
/// then Begin and Finish enclose each task.
class Step {
 public:
  virtual ~Step() = default;
  virtual Status Begin(const TaskInfo& task) { return Status::OK(); }
  /// Takes one block and puts out any number of blocks.
  virtual Status Process(Block block, BlockSink& out) = 0;
  /// The input of the task has ended: puts out what is left.
  virtual Status Finish(BlockSink& out) { return Status::OK(); }
  /// True when more input cannot change the output of this task.
  virtual bool WantsNoMore() const { return false; }
  /// True when its blocks have the sizes that were asked for: as the last of its chain, its output
  /// is neither joined nor cut.
  virtual bool sizes_blocks() const { return false; }
  /// Rows of this task that ended here instead of going on: written, counted, aggregated.
  virtual int64_t rows_consumed() const { return 0; }
  /// Inputs that were dropped instead of failing the task (unreadable files).
  virtual int64_t skipped_inputs() const { return 0; }
};

/// Description of a step: immutable, can cross to another process.
class StepSpec {
 public:
  virtual ~StepSpec() = default;
  /// Key of the registry that reads it back.
  virtual std::string_view kind() const = 0;
  /// Operator name for people: "MapBatches(f)"; empty for steps that people do not see.
  virtual std::string name() const = 0;
  /// True when the step runs Python code: its chain belongs in the process lane.
  virtual bool needs_python() const { return false; }
  /// True when its step keeps state that tasks must not share (a class of the user).
  virtual bool stateful() const { return false; }
  virtual Result<std::unique_ptr<Step>> Make(const StepContext& context) const = 0;
  /// Fails when the step cannot leave this process (C++ functions).
  virtual Status Serialize(WireWriter* out) const = 0;
};

using StepSpecPtr = std::shared_ptr<const StepSpec>;

}  // namespace headrace::worker
