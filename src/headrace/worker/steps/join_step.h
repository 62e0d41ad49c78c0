// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "headrace/compute/join_schema.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Second half of a join: TaskInfo::argument is task::SerializeBlockCounts({left blocks, right
/// blocks}), and the first so many blocks of the task are the left side's. Puts out the rows of
/// compute::HashJoin in blocks of about the target size; an empty block with the schema of the
/// result when there are none. A side of which not even the columns are known counts as one without
/// rows and with nothing but its keys.
///
/// Memory: the blocks of both sides, which the task has anyway, the index of one, and a block of
/// the result.
class JoinStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "join";
  explicit JoinStepSpec(compute::JoinSpec join) : join_(std::move(join)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override {
    return "Join(" + std::string(compute::ToString(join_.type)) + ")";
  }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const compute::JoinSpec join_;
};

}  // namespace headrace::worker
