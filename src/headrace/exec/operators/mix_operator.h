// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <deque>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Bundles of several inputs in turn, so that the rows put out keep the ratio of the weights: next
/// comes the input that has fallen furthest behind its share. Depends on the bundles alone, not on
/// when they arrive.
class MixOperator final : public PhysicalOperator {
 public:
  /// `stop_on_shortest`: ends when one input has ended; else that one drops out, and the others go
  /// on.
  MixOperator(std::vector<double> weights, bool stop_on_shortest)
      : stop_on_shortest_(stop_on_shortest) {
    for (const double weight : weights) inputs_.push_back({.weight = weight});
  }
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "MixOperator"; }
  bool WantsInput(int input_index) const override {
    return !stopped_ && inputs_[static_cast<size_t>(input_index)].bundles.size() < kMaxWaiting;
  }
  Status AddInput(RefBundle bundle, int input_index) override {
    Input& input = inputs_[static_cast<size_t>(input_index)];
    input.bytes += bundle.size_bytes();
    output_bytes_ += bundle.size_bytes();
    input.bundles.push_back(std::move(bundle));
    return Status::OK();
  }
  Status InputDone(int input_index) override {
    inputs_[static_cast<size_t>(input_index)].done = true;
    if (IsOver()) OutputNotWanted();
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    Input* next = stopped_ ? nullptr : Next();
    if (next == nullptr || next->bundles.empty()) return std::nullopt;
    RefBundle bundle = std::move(next->bundles.front());
    next->bundles.pop_front();
    next->bytes -= bundle.size_bytes();
    output_bytes_ -= bundle.size_bytes();
    next->rows_out += bundle.num_rows();
    if (IsOver()) OutputNotWanted();
    return bundle;
  }
  int64_t output_bytes() const override { return output_bytes_; }
  int64_t held_bytes(int input_index) const override {
    return inputs_[static_cast<size_t>(input_index)].bytes;
  }
  void OutputNotWanted() override {
    stopped_ = true;
    for (Input& input : inputs_) {
      input.bundles.clear();
      input.bytes = 0;
    }
    output_bytes_ = 0;
  }
  bool Done() const override { return stopped_; }

 private:
  /// Bundles of an input whose turn has not come.
  static constexpr size_t kMaxWaiting = 16;

  struct Input {
    double weight = 1;
    std::deque<RefBundle> bundles{};
    int64_t bytes = 0;
    int64_t rows_out = 0;
    bool done = false;

    bool ended() const { return done && bundles.empty(); }
    double share() const { return static_cast<double>(rows_out) / weight; }
  };

  /// The input whose turn it is; nullptr while nobody can know.
  Input* Next() {
    Input* next = nullptr;
    for (Input& input : inputs_) {
      // The end of any input is the end: it has to show first that it goes on.
      if (stop_on_shortest_ && input.bundles.empty()) return nullptr;
      if (input.ended()) continue;
      if (next == nullptr || input.share() < next->share()) next = &input;
    }
    return next;
  }
  bool IsOver() const {
    const auto ended = [](const Input& input) { return input.ended(); };
    return stop_on_shortest_ ? std::any_of(inputs_.begin(), inputs_.end(), ended)
                             : std::all_of(inputs_.begin(), inputs_.end(), ended);
  }

  const std::string name_ = "Mix";
  const bool stop_on_shortest_;
  std::vector<Input> inputs_;
  bool stopped_ = false;
  int64_t output_bytes_ = 0;
};

}  // namespace headrace::exec
