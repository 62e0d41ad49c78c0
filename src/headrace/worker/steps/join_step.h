// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "headrace/compute/join_schema.h"
#include "headrace/worker/step.h"
#include "headrace/worker/steps/shared_build.h"

namespace headrace::worker {

/// Second half of a join: TaskInfo::argument is task::SerializeBlockCounts({left blocks, right
/// blocks}), and the first so many blocks of the task are the left side's. Puts out the rows of
/// compute::HashJoin in blocks of about the target size; an empty block with the schema of the
/// result when there are none. A side of which not even the columns are known counts as one without
/// rows and with nothing but its keys.
///
/// Blocks whose tags name no partition are of a broadcast: `build_side` is the same whole side in
/// every task. Tasks of one process that run at the same time share its index.
///
/// Memory: the blocks of both sides, which the task has anyway, the index of one, and a block of
/// the result; in a broadcast a copy of the build side, as one block.
class JoinStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "join";
  /// `build_side`: of a broadcast, 0 left or 1 right, as the type of the join allows it.
  JoinStepSpec(compute::JoinSpec join, int build_side)
      : join_(std::move(join)), build_side_(build_side) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override {
    return "Join(" + std::string(compute::ToString(join_.type)) + ")";
  }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const compute::JoinSpec join_;
  const int build_side_;
  const std::shared_ptr<SharedBuild> shared_ = std::make_shared<SharedBuild>();
};

}  // namespace headrace::worker
