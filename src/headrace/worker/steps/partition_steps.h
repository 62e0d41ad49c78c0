// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/shuffle_options.h"
#include "headrace/worker/step.h"

namespace headrace::worker {

/// First half of a partitioned exchange: rows by the hash of their keys. Collects blocks up to
/// `flush_bytes`, then puts out one block per partition that has rows, tagged with it. A task
/// without rows puts out an empty block of partition 0, for its schema. No keys: all rows are in
/// partition 0.
///
/// Memory: `flush_bytes` and one input block collected, and as much again while they are put out.
class HashPartitionStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "hash_partition";
  HashPartitionStepSpec(std::vector<std::string> keys, int num_partitions, int64_t flush_bytes)
      : keys_(std::move(keys)), num_partitions_(num_partitions), flush_bytes_(flush_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  /// Fails with Invalid for num_partitions < 1.
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const std::vector<std::string> keys_;
  const int num_partitions_;
  const int64_t flush_bytes_;
};

/// The same by ranges of a column of numbers: `boundaries` go up, a value that equals one belongs
/// to the range above it. With a descending column the highest range is partition 0. NaN and null
/// are in the last partition.
class BoundaryPartitionStepSpec final : public StepSpec {
 public:
  static constexpr std::string_view kKind = "boundary_partition";
  BoundaryPartitionStepSpec(SortColumn column, std::vector<double> boundaries, int64_t flush_bytes)
      : column_(std::move(column)), boundaries_(std::move(boundaries)), flush_bytes_(flush_bytes) {}
  static Result<StepSpecPtr> Deserialize(WireReader* in);
  std::string_view kind() const override { return kKind; }
  std::string name() const override { return {}; }
  Result<std::unique_ptr<Step>> Make(const StepContext& context) const override;
  Status Serialize(WireWriter* out) const override;

 private:
  const SortColumn column_;
  const std::vector<double> boundaries_;
  const int64_t flush_bytes_;
};

/// The partition of each row of `block` by the hash of its keys (compute::PartitionOf); without
/// keys it is 0.
Status AssignByHash(const Block& block, const std::vector<std::string>& keys, int num_partitions,
                    std::vector<uint64_t>* scratch, std::vector<int32_t>* partitions);

}  // namespace headrace::worker
