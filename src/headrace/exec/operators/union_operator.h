// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// All bundles of all inputs: first those of input 0, then those of input 1, and so on. Later
/// inputs are held back by not wanting more than a little of them.
class UnionOperator final : public PhysicalOperator {
 public:
  explicit UnionOperator(int num_inputs) : inputs_(num_inputs) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "UnionOperator"; }
  bool WantsInput(int input_index) const override {
    return !stopped_ &&
           (input_index == current_ || inputs_[input_index].bundles.size() < kMaxWaitingBundles);
  }
  Status AddInput(RefBundle bundle, int input_index) override {
    output_bytes_ += bundle.size_bytes();
    inputs_[input_index].bytes += bundle.size_bytes();
    inputs_[input_index].bundles.push_back(std::move(bundle));
    return Status::OK();
  }
  Status InputDone(int input_index) override {
    inputs_[input_index].done = true;
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    Advance();
    if (current_ == static_cast<int>(inputs_.size())) return std::nullopt;
    auto& bundles = inputs_[current_].bundles;
    if (bundles.empty()) return std::nullopt;
    RefBundle bundle = std::move(bundles.front());
    bundles.pop_front();
    output_bytes_ -= bundle.size_bytes();
    inputs_[current_].bytes -= bundle.size_bytes();
    Advance();
    return bundle;
  }
  int64_t output_bytes() const override { return output_bytes_; }
  int64_t held_bytes(int input_index) const override { return inputs_[input_index].bytes; }
  void OutputNotWanted() override {
    stopped_ = true;
    for (Input& input : inputs_) {
      input.bundles.clear();
      input.bytes = 0;
    }
    output_bytes_ = 0;
  }
  bool Done() const override {
    if (stopped_) return true;
    return std::all_of(inputs_.begin() + current_, inputs_.end(),
                       [](const Input& input) { return input.done && input.bundles.empty(); });
  }

 private:
  /// Bundles of an input whose turn has not come.
  static constexpr size_t kMaxWaitingBundles = 16;

  void Advance() {
    while (current_ < static_cast<int>(inputs_.size()) && inputs_[current_].done &&
           inputs_[current_].bundles.empty()) {
      ++current_;
    }
  }

  struct Input {
    std::deque<RefBundle> bundles;
    int64_t bytes = 0;
    bool done = false;
  };
  std::string name_ = "Union";
  std::vector<Input> inputs_;
  int current_ = 0;
  bool stopped_ = false;
  int64_t output_bytes_ = 0;
};

}  // namespace headrace::exec
