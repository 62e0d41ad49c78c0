// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstdint>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Waits for all bundles and gives them in a random order that depends on the seed and their number
/// alone. What describes reads is put into that order before anything is read.
class BlockOrderOperator final : public PhysicalOperator {
 public:
  explicit BlockOrderOperator(uint64_t seed) : seed_(seed) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "AllToAllOperator"; }
  bool WantsInput(int) const override { return !input_done_; }
  bool blocking(int) const override { return true; }
  Status AddInput(RefBundle bundle, int) override {
    bytes_ += bundle.size_bytes();
    for (const task::BlockRef& block : bundle.blocks()) blocks_.push_back(block);
    return Status::OK();
  }
  Status InputDone(int) override {
    input_done_ = true;
    Shuffle(&blocks_, seed_);
    return Status::OK();
  }
  std::optional<RefBundle> TakeOutput() override {
    if (!input_done_ || blocks_.empty()) return std::nullopt;
    RefBundle bundle(std::move(blocks_.back()));
    blocks_.pop_back();
    bytes_ -= bundle.size_bytes();
    return bundle;
  }
  int64_t output_bytes() const override { return bytes_; }
  void OutputNotWanted() override {
    input_done_ = true;
    blocks_.clear();
    bytes_ = 0;
  }
  bool Done() const override { return input_done_ && blocks_.empty(); }

  /// Fisher and Yates. The standard's shuffle may differ between its implementations; this does
  /// not.
  template <typename T>
  static void Shuffle(std::vector<T>* items, uint64_t seed) {
    std::mt19937_64 random(seed);
    for (size_t i = items->size(); i > 1; --i) {
      const auto other = static_cast<size_t>((static_cast<unsigned __int128>(random()) * i) >> 64);
      std::swap((*items)[i - 1], (*items)[other]);
    }
  }

 private:
  const std::string name_ = "RandomizeBlockOrder";
  const uint64_t seed_;
  std::vector<task::BlockRef> blocks_;
  int64_t bytes_ = 0;
  bool input_done_ = false;
};

}  // namespace headrace::exec
