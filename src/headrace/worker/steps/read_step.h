// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "headrace/datasource.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Reads: its input blocks hold descriptions of read tasks (MakeReadTaskBlock), its output their
/// rows.
class ReadStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "read";
  /// `limit_rows`: rows that one task has to give at most; -1: all.
  ReadStepSpec(DatasourcePtr source, int64_t limit_rows)
      : source_(std::move(source)), limit_rows_(limit_rows) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return source_->name(); }
  bool needs_python() const override { return source_->needs_python(); }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const DatasourcePtr source_;
  const int64_t limit_rows_;
};

/// One row for each of `tasks`, which describes it: what a source operator hands to read tasks.
Result<Block> MakeReadTaskBlock(std::span<const ReadTask> tasks);

}  // namespace headrace::worker
