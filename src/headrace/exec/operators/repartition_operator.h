// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Waits for all input, then gives `num_blocks` bundles of equal row counts, in order. Slices
/// only: whoever needs one block per bundle joins it in a task.
class RepartitionOperator final : public PhysicalOperator {
 public:
  explicit RepartitionOperator(int64_t num_blocks) : num_blocks_(num_blocks) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "AllToAllOperator"; }
  bool WantsInput(int) const override { return !input_done_; }
  bool blocking(int) const override { return true; }
  Status AddInput(RefBundle bundle, int) override {
    num_rows_ += bundle.num_rows();
    bytes_ += bundle.size_bytes();
    for (const auto& block : bundle.blocks()) rest_.push_back(block);
    if (sample_.object == nullptr && !bundle.empty())
      sample_ = bundle.blocks().front().WithoutRows();
    return Status::OK();
  }
  Status InputDone(int) override {
    input_done_ = true;
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    if (!input_done_ || next_ == num_blocks_) return std::nullopt;
    const int64_t end = num_rows_ * (next_ + 1) / num_blocks_;
    const int64_t wanted = end - num_rows_ * next_ / num_blocks_;
    ++next_;
    RefBundle out;
    while (out.num_rows() < wanted && !rest_.empty()) {
      const RefBundle front(rest_.front());
      const int64_t missing = wanted - out.num_rows();
      out.Append(front.Slice(0, missing));
      if (front.num_rows() <= missing) {
        rest_.pop_front();
      } else {
        rest_.front() = front.Slice(missing, front.num_rows()).blocks().front();
      }
    }
    // Sizes of slices are estimates: nothing is left when the last one leaves.
    bytes_ = next_ == num_blocks_ ? 0 : bytes_ - out.size_bytes();
    if (out.empty() && sample_.object != nullptr) {
      out.Append(sample_);  // an empty block has a schema
    }
    if (next_ == num_blocks_) {  // empty blocks are left; they and the sample keep bytes alive
      rest_.clear();
      sample_ = {};
    }
    return out;
  }
  int64_t output_bytes() const override { return bytes_; }
  void OutputNotWanted() override {
    input_done_ = true;
    next_ = num_blocks_;
    rest_.clear();
    sample_ = {};
    bytes_ = 0;
  }
  bool Done() const override { return input_done_ && next_ == num_blocks_; }

 private:
  std::string name_ = "Repartition";
  const int64_t num_blocks_;
  int64_t next_ = 0;
  bool input_done_ = false;
  std::deque<task::BlockRef> rest_;
  task::BlockRef sample_;  // no rows of the first block
  int64_t num_rows_ = 0;
  int64_t bytes_ = 0;
};

}  // namespace headrace::exec
