// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "headrace/compute/sort_key.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// Second half of a partitioned exchange that gives rows as they came: all rows of the task's
/// partition in one block, as they are or sorted, or one block per group of equal keys (null equals
/// null, NaN equals NaN).
class GroupBlocksStepSpec final : public StepSpec {
 public:
  enum class Give : uint8_t { kAsTheyAre, kSorted, kOnePerGroup };
  static constexpr std::string_view kKind = "group_blocks";
  GroupBlocksStepSpec(std::string name, std::vector<SortColumn> keys, Give give)
      : name_(std::move(name)), keys_(std::move(keys)), give_(give) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const std::vector<SortColumn> keys_;
  const Give give_;
};

}  // namespace headrace::worker
