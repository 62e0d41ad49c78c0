// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

struct PartitionExchangeOptions {
  std::string name;
  std::string type = "AllToAllOperator";
  int num_inputs = 1;
  int num_partitions = 1;
  /// Neighbours share a bundle up to so many bytes: few rows do not need many tasks. 0: each
  /// partition has a bundle of its own, and empty ones too, because the user counts on them.
  int64_t min_bundle_bytes = 0;
  /// Where there is much, they share up to a `num_bundles`th of all, but no more than
  /// max_bundle_bytes. 0: they share no more than min_bundle_bytes.
  int num_bundles = 0;
  int64_t max_bundle_bytes = 0;
};

/// Collects blocks by the partition that their tags name, and gives one bundle per partition, or
/// per few small ones, when all inputs have ended. With several inputs the blocks of a bundle are
/// ordered by input, and its argument says how many are of each (SerializeBlockCounts).
/// O(1) per block.
class PartitionExchangeOperator final : public PhysicalOperator {
 public:
  explicit PartitionExchangeOperator(PartitionExchangeOptions options)
      : options_(std::move(options)),
        inputs_(static_cast<size_t>(options_.num_inputs)),
        inputs_left_(options_.num_inputs) {
    for (Input& input : inputs_) {
      input.partitions.resize(static_cast<size_t>(options_.num_partitions));
    }
  }
  const std::string& name() const override { return options_.name; }
  std::string_view type() const override { return options_.type; }
  bool WantsInput(int) const override { return inputs_left_ > 0; }
  bool blocking(int) const override { return true; }
  Status AddInput(RefBundle bundle, int input_index) override;
  Status InputDone(int) override {
    --inputs_left_;
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override;
  int64_t output_bytes() const override { return bytes_; }
  int64_t held_bytes(int input_index) const override {
    return inputs_[static_cast<size_t>(input_index)].bytes;
  }
  void OutputNotWanted() override;
  bool Done() const override { return inputs_left_ <= 0 && next_ == options_.num_partitions; }

 private:
  struct Input {
    std::vector<std::vector<task::BlockRef>> partitions;
    task::BlockRef sample;  // no rows of its first block: carries the schema
    int64_t bytes = 0;
  };

  /// Up to which neighbours share a bundle.
  int64_t BundleBytes() const;
  bool IsEmpty(int partition) const;
  int64_t BytesOf(int partition) const;
  /// Partitions [begin, end) as one bundle; their blocks leave.
  RefBundle Bundle(int begin, int end);

  const PartitionExchangeOptions options_;
  std::vector<Input> inputs_;
  int inputs_left_;
  int next_ = 0;
  bool gave_any_ = false;
  int64_t bytes_ = 0;
  int64_t total_bytes_ = 0;  // that came in
};

}  // namespace headrace::exec
