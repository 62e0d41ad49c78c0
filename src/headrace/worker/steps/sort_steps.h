// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/compute/sort_key.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// First half of a sort: sorted runs of about `run_bytes`, in pieces that are tagged with their
/// first and last key (task::ExchangeTag). With a `limit` (-1: none) a run has only so many rows,
/// and a task one run as long as that many rows are much less than a run. A task without rows puts
/// out an empty block with a tag.
class SortRunStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "sort_run";
  /// Pieces of a full run: the finer they are, the more even are ranges cut, and the less does a
  /// merge hold of what belongs to its neighbours; the more blocks there are. A short run has
  /// fewer.
  static constexpr int64_t kMaxPieces = 64;
  static constexpr int64_t kMinPieceBytes = 64 << 10;
  static constexpr int64_t kMaxPieceBytes = 4 << 20;  // unless there were too many

  SortRunStepSpec(std::string name, std::vector<SortColumn> keys, int64_t run_bytes, int64_t limit)
      : name_(std::move(name)), keys_(std::move(keys)), run_bytes_(run_bytes), limit_(limit) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const std::vector<SortColumn> keys_;
  const int64_t run_bytes_;
  const int64_t limit_;
};

/// Second half of a sort: one range of all runs, in order. The argument of the task is a
/// task::MergeRange, its blocks are those of the runs. At most `limit` rows unless that is -1.
class MergeRunsStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "merge_runs";
  MergeRunsStepSpec(std::string name, std::vector<SortColumn> keys, int64_t limit)
      : name_(std::move(name)), keys_(std::move(keys)), limit_(limit) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const std::vector<SortColumn> keys_;
  const int64_t limit_;
};

}  // namespace headrace::worker
