// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/dataset_state.h"

#include <atomic>
#include <iterator>

#include "headrace/observe/stats_report.h"

namespace headrace {

Result<std::shared_ptr<api::Execution>> Dataset::State::Start(plan::LogicalOperatorPtr root,
                                                              DatasinkPtr sink) const {
  static std::atomic<int64_t> runs = 0;
  ARROW_RETURN_NOT_OK(wrong);
  ARROW_ASSIGN_OR_RAISE(
      auto execution, api::Execution::Start(std::move(root), context,
                                            "dataset_" + std::to_string(runs++), std::move(sink)));
  return std::shared_ptr<api::Execution>(std::move(execution));
}

Result<std::vector<Block>> Dataset::State::Run(const plan::LogicalOperatorPtr& root) const {
  ARROW_ASSIGN_OR_RAISE(const auto execution, Start(root));
  std::vector<Block> all;
  while (true) {
    auto block = execution->NextBlock();
    if (!block.ok() || !block->has_value()) {
      Remember(*execution);
      ARROW_RETURN_NOT_OK(block);
      return all;
    }
    all.push_back(**std::move(block));
  }
}

Result<std::vector<task::BlockRef>> Dataset::State::RunForRefs() const {
  ARROW_ASSIGN_OR_RAISE(const auto execution, Start(plan));
  std::vector<task::BlockRef> all;
  while (true) {
    auto refs = execution->NextRefs();
    if (!refs.ok() || refs->empty()) {
      Remember(*execution);
      ARROW_RETURN_NOT_OK(refs);
      return all;
    }
    std::move(refs->begin(), refs->end(), std::back_inserter(all));
  }
}

void Dataset::State::Remember(const api::Execution& execution) const {
  std::string report = observe::StatsReport(execution.snapshot(), context.verbose_stats);
  const std::scoped_lock lock(mutex_);
  stats_ = std::move(report);
}

std::string Dataset::State::stats() const {
  const std::scoped_lock lock(mutex_);
  return stats_;
}

io::RetryPolicy api::RetryPolicyOf(const DataContext& context) {
  return {.retried_errors = context.retried_io_errors,
          .max_attempts = context.retried_io_max_attempts,
          .max_backoff_s = context.retried_io_max_backoff_s,
          .deadline_s = context.retried_io_deadline_s};
}

}  // namespace headrace
