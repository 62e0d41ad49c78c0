// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/shuffle_options.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// First half of a groupby: the rows of a task become states per group, one block per partition
/// that has any, tagged with it. States go out when they reach the target size of a block, so that
/// memory stays bounded. Where grouping does not pay (of the first 100,000 rows, more than 70 % are
/// groups of their own) the columns that matter go on as they are, `flush_bytes` of them at a time.
/// A task without rows puts out an empty block of partition 0, for its schema.
///
/// No keys: one group, which is there without rows too, in partition 0.
class PartialGroupStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "partial_group";
  PartialGroupStepSpec(std::vector<std::string> keys, std::vector<Aggregation> specs,
                       int num_partitions, int64_t flush_bytes)
      : keys_(std::move(keys)),
        specs_(std::move(specs)),
        num_partitions_(num_partitions),
        flush_bytes_(flush_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  /// Fails with Invalid for num_partitions < 1; wrong aggregates fail when a task begins.
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::vector<std::string> keys_;
  const std::vector<Aggregation> specs_;
  const int num_partitions_;
  const int64_t flush_bytes_;
};

/// Second half: states and rows of each partition become a block of values, keys first. No groups
/// are an empty block with its schema; no keys are always one row.
class FinalGroupStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "final_group";
  FinalGroupStepSpec(std::string name, std::vector<std::string> keys,
                     std::vector<Aggregation> specs)
      : name_(std::move(name)), keys_(std::move(keys)), specs_(std::move(specs)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
  const std::vector<std::string> keys_;
  const std::vector<Aggregation> specs_;
};

}  // namespace headrace::worker
