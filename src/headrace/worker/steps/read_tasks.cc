// SPDX-License-Identifier: Apache-2.0
#include "headrace/worker/steps/read_tasks.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "headrace/store/memory_ledger.h"

namespace headrace::worker {

TaskReads::TaskReads(int64_t limit_rows, const StepContext& context) : limit_rows_(limit_rows) {
  options_.pool = context.pool;
  options_.num_threads = std::max(1, static_cast<int>(context.num_cpus));
  options_.max_errored_files = context.max_errored_files;
  options_.buffer_bytes = context.read_buffer_bytes;
  options_.cancelled = context.cancelled;
  if (context.memory != nullptr) {
    options_.hold_memory = [ledger = context.memory,
                            cancelled = context.cancelled](int64_t bytes) -> Result<MemoryHold> {
      ARROW_ASSIGN_OR_RAISE(auto held, ledger->WaitFor(bytes, [cancelled] {
        return cancelled != nullptr && cancelled->load(std::memory_order_relaxed);
      }));
      return std::make_shared<store::MemoryLedger::Reservation>(std::move(held));
    };
  }
}

void TaskReads::Begin(const TaskInfo& task) {
  options_.target_max_block_size = task.target_max_block_size;
  options_.target_min_block_size = task.target_min_block_size;
  rows_left_ = limit_rows_ < 0 ? std::numeric_limits<int64_t>::max() : limit_rows_;
}

Status TaskReads::Read(const Datasource& source, const ReadTask& task, BlockSink& out,
                       int64_t declared_heap_bytes) {
  options_.limit_rows = limit_rows_ < 0 ? -1 : rows_left_;
  const int64_t undeclared =
      declared_heap_bytes < 0 ? 0 : std::max<int64_t>(0, task.heap_bytes - declared_heap_bytes);
  ReadOptions options = options_;
  // One reservation at a time: a reader that holds one must not wait for another.
  if (undeclared > 0) options.hold_memory = {};
  ARROW_ASSIGN_OR_RAISE(auto reader, source.Open(task, options));
  while (rows_left_ > 0 && !out.full()) {
    if (options_.cancelled != nullptr && options_.cancelled->load(std::memory_order_relaxed)) {
      return MakeError(arrow::StatusCode::Cancelled, ErrorKind::kCancelled, "read was cancelled");
    }
    MemoryHold hold;
    if (undeclared > 0 && options_.hold_memory) {
      ARROW_ASSIGN_OR_RAISE(hold, options_.hold_memory(undeclared));
    }
    ARROW_ASSIGN_OR_RAISE(std::optional<Block> block, reader->Next());
    hold.reset();  // before the block goes on: that may wait
    if (!block) break;
    if (block->num_rows() > rows_left_) block = block->Slice(0, rows_left_);
    rows_left_ -= block->num_rows();
    ARROW_RETURN_NOT_OK(out.Put(*std::move(block)));
  }
  return Status::OK();
}

}  // namespace headrace::worker
