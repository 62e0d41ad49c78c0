// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "headrace/exec/shuffle/partition_exchange_operator.h"

namespace headrace::exec {

/// Brings the rows of two sides together, as the tags of their blocks say: rows with a partition
/// meet in their partition when all have come (PartitionExchangeOperator). Where blocks have none,
/// the build side comes whole and first, and goes to every task beside some blocks of the other
/// side, while these stream. Arguments of bundles are those of PartitionExchangeOperator.
class JoinExchangeOperator final : public PhysicalOperator {
 public:
  /// `partitions`: of two inputs; `build_side`: 0 left, 1 right; `bundle_bytes`: of the other side
  /// that a task should have.
  JoinExchangeOperator(PartitionExchangeOptions partitions, int build_side, int64_t bundle_bytes)
      : bundle_bytes_(bundle_bytes), build_side_(build_side), partitions_(std::move(partitions)) {}
  const std::string& name() const override { return partitions_.name(); }
  std::string_view type() const override { return partitions_.type(); }
  bool WantsInput(int) const override;
  Status AddInput(RefBundle bundle, int) override;
  Status InputDone(int) override;
  bool blocking(int) const override { return !is_broadcast_; }
  std::optional<RefBundle> TakeOutput() override;
  /// Without the build side, which has to be held as that of a blocking operator has.
  int64_t output_bytes() const override {
    return is_broadcast_ ? probe_.size_bytes() : partitions_.output_bytes();
  }
  void OutputNotWanted() override;
  bool Done() const override;

 private:
  /// Bundles of the other side that may wait.
  static constexpr int64_t kMaxProbeBundles = 2;

  const int64_t bundle_bytes_;
  const int build_side_;
  PartitionExchangeOperator partitions_;
  bool is_broadcast_ = false;
  bool input_done_ = false;
  bool gave_any_ = false;
  RefBundle build_;
  RefBundle probe_;
};

}  // namespace headrace::exec
