// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "headrace/api/engine.h"
#include "headrace/api/ref_queue.h"
#include "headrace/data_context.h"
#include "headrace/datasource.h"
#include "headrace/exec/streaming_executor.h"
#include "headrace/plan/logical_operator.h"

namespace headrace::api {

/// A running plan and its results. Owned by the consumer; one consumer thread at a time, except for
/// Cancel(), snapshot() and Stats(). Destroyed, it ends the run; a write that was not joined to its
/// end is undone.
class Execution {
 public:
  /// Optimizes, plans and starts. With a `sink`, the rows are written; Join() commits.
  static Result<std::unique_ptr<Execution>> Start(plan::LogicalOperatorPtr plan,
                                                  const DataContext& context,
                                                  std::string dataset_id,
                                                  DatasinkPtr sink = nullptr);
  ~Execution();

  /// Waits until NextRefs() and NextBlock() would not wait for the run, at most `timeout`. True
  /// when they would not.
  bool WaitReady(std::chrono::milliseconds timeout) const;
  /// Waits for blocks and takes all that are ready; empty at the end. Load them one at a time: they
  /// may be on disk, and together more than fits.
  Result<std::vector<task::BlockRef>> NextRefs();
  /// Waits for a block, loads it and takes it; nullopt at the end. Those that come next are brought
  /// back from disk meanwhile.
  Result<std::optional<Block>> NextBlock();
  /// Runs to the end. Writes: commits, or undoes and reports what failed.
  Status Join();
  /// Drops, or notes for the commit, what is ready; does not wait. True at the end of the run.
  Result<bool> JoinStep();
  /// Rows that a write has written; -1 before the end.
  int64_t rows_written() const { return rows_written_; }
  void Cancel();
  exec::RunSnapshot snapshot() const;

 private:
  Execution(std::shared_ptr<Engine> engine, DatasinkPtr sink, std::string dataset_id)
      : engine_(std::move(engine)), sink_(std::move(sink)), dataset_id_(std::move(dataset_id)) {
    engine_->gauge().RunStarts();
  }
  Status NoteCommits(const std::vector<task::BlockRef>& blocks);
  Status Commit();
  /// Removes what a write that will not commit has written. Nothing of the run is alive any more.
  void Undo();

  const std::shared_ptr<Engine> engine_;  // outlives executor_
  const DatasinkPtr sink_;                // nullptr: no write, or nothing to do
  const std::string dataset_id_;
  std::unique_ptr<exec::StreamingExecutor> executor_;  // nullptr: a write that was skipped
  RefQueue taken_;                                     // by NextBlock(), and not loaded yet
  std::vector<std::string> commits_;
  std::string write_id_;
  bool committed_ = false;
  bool undone_ = false;
  int64_t rows_written_ = -1;
};

/// The plan as text, before and after optimization, logical and physical.
struct PlanText {
  std::string logical;
  std::string logical_optimized;
  std::string physical;
  std::string physical_optimized;
};
Result<PlanText> Explain(const plan::LogicalOperatorPtr& plan, const DataContext& context);

/// Blocks that the sources of the plan are expected to make.
Result<int64_t> EstimateNumBlocks(const plan::LogicalOperatorPtr& plan, const DataContext& context);

}  // namespace headrace::api
