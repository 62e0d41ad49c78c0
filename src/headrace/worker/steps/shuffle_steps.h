// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "headrace/worker/step.h"

namespace headrace::worker {

/// Last column of the blocks between the halves of a shuffle: compute::ShuffleKey of each row.
/// Found by its place, so that a column of the user may have this name.
inline constexpr std::string_view kShuffleKeyColumn = "headrace.shuffle_key";

/// First half of a shuffle that depends on the seed alone: rows go to the partition that their key
/// lies in, of `num_partitions` equal ranges of keys. The argument of the task is
/// task::SerializeFirstRow. Collects `flush_bytes`, then puts out a block per partition that has
/// rows, tagged with it (task::ExchangeTag). A task without rows puts out an empty block tagged
/// with partition 0.
class ShufflePartitionStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "shuffle_partition";
  ShufflePartitionStepSpec(uint64_t seed, int num_partitions, int64_t flush_bytes)
      : seed_(seed), num_partitions_(num_partitions), flush_bytes_(flush_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return "ShufflePartition"; }
  /// Fails with Invalid without partitions.
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const uint64_t seed_;
  const int num_partitions_;
  const int64_t flush_bytes_;
};

/// Second half of a shuffle: all rows of its blocks in the order of their keys, without those.
class ShuffleMergeStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "shuffle_merge";
  explicit ShuffleMergeStepSpec(std::string name) : name_(std::move(name)) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return name_; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::string name_;
};

}  // namespace headrace::worker
