// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

struct JoinStrategyOptions {
  int build_side = 1;               // the one that may turn out to be small: 0 left, 1 right
  int64_t max_broadcast_bytes = 0;  // up to which it is
  int64_t bundle_bytes = 0;         // that a task should have
};

/// Decides how the sides of a join meet, once it is known how large one of them really is: collects
/// the build side and lets the other wait. If it ends below the limit, both go on as they are, to
/// be joined where the other side's rows are (a broadcast); if it grows beyond, both are
/// partitioned. Each bundle is rows of one side; its argument (task::JoinInput) says of which and
/// what to do. In a broadcast the whole build side is the first bundle.
class JoinStrategyOperator final : public PhysicalOperator {
 public:
  explicit JoinStrategyOperator(const JoinStrategyOptions& options) : options_(options) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "JoinStrategyOperator"; }
  bool WantsInput(int input_index) const override;
  Status AddInput(RefBundle bundle, int input_index) override;
  Status InputDone(int input_index) override;
  bool blocking(int input_index) const override {
    return strategy_ == Strategy::kOpen && input_index == options_.build_side;
  }
  std::optional<RefBundle> TakeOutput() override;
  int64_t output_bytes() const override { return held_bytes(0) + held_bytes(1); }
  int64_t held_bytes(int input_index) const override {
    return sides_[static_cast<size_t>(input_index)].held.size_bytes();
  }
  void OutputNotWanted() override;
  bool Done() const override;

 private:
  /// Bundles that may wait, in rows that one task should have.
  static constexpr int64_t kMaxHeldBundles = 4;

  enum class Strategy : uint8_t { kOpen, kBroadcast, kPartition };
  struct Side {
    RefBundle held;
    bool done = false;
  };

  const std::string name_ = "JoinStrategy";
  const JoinStrategyOptions options_;
  Strategy strategy_ = Strategy::kOpen;
  bool stopped_ = false;
  std::array<Side, 2> sides_;
};

}  // namespace headrace::exec
