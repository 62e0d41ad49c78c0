// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "headrace/worker/step.h"

namespace headrace::worker {

/// First half of a join: rows of a side by the hash of their keys, as HashPartitionStepSpec, with
/// the side in the tags. Or, where TaskInfo::argument says so, its blocks as they are, tagged with
/// the side alone.
class JoinPartitionStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "join_partition";
  struct Side {
    std::vector<std::string> keys;
    /// Columns that may come as dictionaries although they are text. Partitioned, they are text
    /// again: each of the pieces would hold the whole dictionary.
    std::vector<std::string> text_columns;
  };
  /// `side`: 0 left, 1 right; nullopt: as the argument, a task::JoinInput, says.
  JoinPartitionStepSpec(std::array<Side, 2> sides, std::optional<int32_t> side, int num_partitions,
                        int64_t flush_bytes)
      : sides_(std::move(sides)),
        side_(side),
        num_partitions_(num_partitions),
        flush_bytes_(flush_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::array<Side, 2> sides_;
  const std::optional<int32_t> side_;
  const int num_partitions_;
  const int64_t flush_bytes_;
};

}  // namespace headrace::worker
