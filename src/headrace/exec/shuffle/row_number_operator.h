// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <string>
#include <utility>

#include "headrace/exec/physical_operator.h"
#include "headrace/task/exchange.h"

namespace headrace::exec {

/// Tells each task the place of its first row in the whole dataset (SerializeFirstRow). Bundles
/// arrive in order, so places are known while rows stream. Small ones are joined up to
/// `bundle_bytes`.
class RowNumberOperator final : public PhysicalOperator {
 public:
  RowNumberOperator(std::string name, int64_t bundle_bytes)
      : name_(std::move(name)), bundle_bytes_(bundle_bytes) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "RowNumberOperator"; }
  bool WantsInput(int) const override { return !input_done_ && ready_.size() < kMaxReadyBundles; }
  Status AddInput(RefBundle bundle, int) override {
    bytes_ += bundle.size_bytes();
    held_.Append(std::move(bundle));
    if (held_.size_bytes() >= bundle_bytes_) Release();
    return Status::OK();
  }
  Status InputDone(int) override {
    input_done_ = true;
    if (!held_.empty()) Release();
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    if (ready_.empty()) return std::nullopt;
    RefBundle bundle = std::move(ready_.front());
    ready_.pop_front();
    bytes_ -= bundle.size_bytes();
    return bundle;
  }
  int64_t output_bytes() const override { return bytes_; }
  void OutputNotWanted() override {
    input_done_ = true;
    held_ = {};
    ready_.clear();
    bytes_ = 0;
  }
  bool Done() const override { return input_done_ && ready_.empty(); }

 private:
  static constexpr size_t kMaxReadyBundles = 16;

  void Release() {
    RefBundle bundle = std::exchange(held_, {});
    bundle.set_argument(task::SerializeFirstRow(next_row_));
    next_row_ += bundle.num_rows();
    ready_.push_back(std::move(bundle));
  }

  const std::string name_;
  const int64_t bundle_bytes_;
  RefBundle held_;
  std::deque<RefBundle> ready_;
  int64_t next_row_ = 0;
  int64_t bytes_ = 0;
  bool input_done_ = false;
};

}  // namespace headrace::exec
