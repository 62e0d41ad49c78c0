// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <utility>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Passes the first `limit_rows` rows on. Slices bundles, so no task and no copy.
class LimitOperator final : public PhysicalOperator {
 public:
  explicit LimitOperator(int64_t limit_rows)
      : name_("limit=" + std::to_string(limit_rows)),
        limit_rows_(limit_rows),
        remaining_rows_(limit_rows) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "LimitOperator"; }
  bool WantsInput(int) const override { return remaining_rows_ > 0; }
  Status AddInput(RefBundle bundle, int) override {
    const int64_t rows = std::min(remaining_rows_, bundle.num_rows());
    remaining_rows_ -= rows;
    // A bundle without rows is kept: it carries the schema.
    if (rows < bundle.num_rows()) bundle = bundle.Slice(0, rows);
    output_bytes_ += bundle.size_bytes();
    ready_.push_back(std::move(bundle));
    return Status::OK();
  }
  Status InputDone(int) override {
    input_done_ = true;
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    if (ready_.empty()) return std::nullopt;
    RefBundle bundle = std::move(ready_.front());
    ready_.pop_front();
    output_bytes_ -= bundle.size_bytes();
    return bundle;
  }
  int64_t output_bytes() const override { return output_bytes_; }
  std::optional<int64_t> max_rows_out() const override { return limit_rows_; }
  void OutputNotWanted() override { remaining_rows_ = 0; }
  bool InputNotWanted() const override { return remaining_rows_ == 0; }
  bool Done() const override { return (input_done_ || remaining_rows_ == 0) && ready_.empty(); }

 private:
  std::string name_;
  int64_t limit_rows_;
  int64_t remaining_rows_;
  bool input_done_ = false;
  std::deque<RefBundle> ready_;
  int64_t output_bytes_ = 0;
};

}  // namespace headrace::exec
