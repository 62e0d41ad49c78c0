// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Cuts the stream into bundles of exactly `rows` rows (the last may have fewer), across block
/// boundaries. Slices only: whoever needs one block per bundle joins it in a task.
class RowSlicerOperator final : public PhysicalOperator {
 public:
  RowSlicerOperator(std::string name, int64_t rows) : name_(std::move(name)), rows_(rows) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "StreamingRepartitionOperator"; }
  bool WantsInput(int) const override { return !input_done_ && ready_.size() < kMaxReadyBundles; }
  Status AddInput(RefBundle bundle, int) override {
    held_.Append(std::move(bundle));
    int64_t begin = 0;
    for (; held_.num_rows() - begin >= rows_; begin += rows_) Ready(held_.Slice(begin, rows_));
    if (begin > 0) held_ = held_.Slice(begin, rows_);
    return Status::OK();
  }
  Status InputDone(int) override {
    input_done_ = true;
    if (!held_.empty()) Ready(std::exchange(held_, {}));
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    if (ready_.empty()) return std::nullopt;
    RefBundle bundle = std::move(ready_.front());
    ready_.pop_front();
    ready_bytes_ -= bundle.size_bytes();
    return bundle;
  }
  int64_t output_bytes() const override { return ready_bytes_ + held_.size_bytes(); }
  void OutputNotWanted() override {
    input_done_ = true;
    ready_.clear();
    held_ = {};
    ready_bytes_ = 0;
  }
  bool Done() const override { return input_done_ && ready_.empty(); }

 private:
  static constexpr size_t kMaxReadyBundles = 256;

  void Ready(RefBundle bundle) {
    ready_bytes_ += bundle.size_bytes();
    ready_.push_back(std::move(bundle));
  }

  const std::string name_;
  const int64_t rows_;
  RefBundle held_;  // less than rows_ rows
  std::deque<RefBundle> ready_;
  int64_t ready_bytes_ = 0;
  bool input_done_ = false;
};

}  // namespace headrace::exec
