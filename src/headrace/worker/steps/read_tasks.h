// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "headrace/datasource.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Runs the read tasks of one task, one after the other. Part of the steps that read; one thread.
class TaskReads {
 public:
  /// `limit_rows`: rows that one task has to give at most; -1: all.
  TaskReads(int64_t limit_rows, const StepContext& context);

  void Begin(const TaskInfo& task);
  /// Puts the rows of `task` out, as far as they are wanted. `declared_heap_bytes`: what the
  /// scheduler has set aside; what `task` needs beyond it is set aside here while it reads. < 0: as
  /// much as it needs.
  Status Read(const Datasource& source, const ReadTask& task, BlockSink& out,
              int64_t declared_heap_bytes = -1);
  /// True when all rows that this task has to give have been put out.
  bool WantsNoMore() const { return rows_left_ <= 0; }
  const ReadOptions& options() const { return options_; }

 private:
  const int64_t limit_rows_;
  ReadOptions options_;
  int64_t rows_left_ = 0;
};

}  // namespace headrace::worker
