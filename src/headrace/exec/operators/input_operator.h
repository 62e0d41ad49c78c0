// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Source of a topology: bundles that exist when the run starts (blocks, or descriptions of reads).
class InputOperator final : public PhysicalOperator {
 public:
  InputOperator(std::string name, std::vector<RefBundle> bundles)
      : name_(std::move(name)),
        bundles_(std::make_move_iterator(bundles.begin()), std::make_move_iterator(bundles.end())) {
    for (const RefBundle& bundle : bundles_) num_rows_ += bundle.num_rows();
  }
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "InputDataBuffer"; }
  bool WantsInput(int) const override { return false; }
  Status AddInput(RefBundle, int) override { return Status::Invalid("a source takes no input"); }
  Status InputDone(int) override { return Status::OK(); }
  std::optional<RefBundle> TakeOutput() override {
    if (bundles_.empty()) return std::nullopt;
    RefBundle bundle = std::move(bundles_.front());
    bundles_.pop_front();
    // What leaves is used soon.
    task::PrefetchBlocks(bundle.blocks().begin(), bundle.blocks().end());
    return bundle;
  }
  void OutputNotWanted() override { bundles_.clear(); }
  std::optional<int64_t> max_rows_out() const override { return num_rows_; }
  bool Done() const override { return bundles_.empty(); }
  int64_t num_bundles() const { return static_cast<int64_t>(bundles_.size()); }

 private:
  std::string name_;
  std::deque<RefBundle> bundles_;
  int64_t num_rows_ = 0;
};

}  // namespace headrace::exec
