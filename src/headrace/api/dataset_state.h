// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "headrace/api/execution.h"
#include "headrace/base/lock_annotations.h"
#include "headrace/base/status.h"
#include "headrace/dataset.h"
#include "headrace/io/retry.h"
#include "headrace/plan/logical_operator.h"

namespace headrace {

/// What a Dataset refers to, shared by its copies. Immutable but for what is remembered of runs.
/// Any thread.
struct Dataset::State {
  plan::LogicalOperatorPtr plan;
  DataContext context;
  Status wrong;  // what was wrong with an argument

  /// Starts `root`, which is `plan` or made from it. With a sink, Join() of the execution commits.
  Result<std::shared_ptr<api::Execution>> Start(plan::LogicalOperatorPtr root,
                                                DatasinkPtr sink = nullptr) const;
  /// Runs `root` and gives all its blocks, all of them in memory.
  Result<std::vector<Block>> Run(const plan::LogicalOperatorPtr& root) const;
  /// Runs the plan and gives handles of all its blocks, which may be on disk.
  Result<std::vector<task::BlockRef>> RunForRefs() const;
  /// Keeps the report of a run that ended.
  void Remember(const api::Execution& execution) const;
  std::string stats() const;

 private:
  mutable std::mutex mutex_;
  mutable std::string stats_ HR_GUARDED_BY(mutex_);
};

namespace api {

/// What `context` says about requests to storage that fail.
io::RetryPolicy RetryPolicyOf(const DataContext& context);

/// A dataset over `plan`.
Dataset MakeDataset(plan::LogicalOperatorPtr plan, DataContext context);

/// A dataset over `plan` with the context of `from`; with `wrong` when something is.
Dataset Derive(const Dataset::State& from, plan::LogicalOperatorPtr plan, Status wrong = {});

/// `value` or `otherwise`; a value below `lowest` goes to `wrong`, which names it `name`.
int64_t AtLeast(const char* name, std::optional<int64_t> value, int64_t lowest, int64_t otherwise,
                Status* wrong);

/// What the user said about the tasks of an operator.
plan::MapOptions TaskOptions(std::optional<double> num_cpus, std::optional<int64_t> concurrency,
                             Status* wrong);

}  // namespace api
}  // namespace headrace
