// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

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

}  // namespace headrace::worker
