// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "headrace/exec/physical_operator.h"

namespace headrace::exec {

/// Cuts its inputs at the same rows while they stream, whatever their blocks are. A bundle has the
/// blocks of a stretch of rows of input 0, then those of input 1, and so on; its argument says how
/// many blocks are of each (SerializeBlockCounts). Slices only.
class ZipOperator final : public PhysicalOperator {
 public:
  explicit ZipOperator(int num_inputs) : inputs_(static_cast<size_t>(num_inputs)) {}
  const std::string& name() const override { return name_; }
  std::string_view type() const override { return "ZipOperator"; }
  bool WantsInput(int input_index) const override;
  Status AddInput(RefBundle bundle, int input_index) override;
  Status InputDone(int input_index) override;
  std::optional<RefBundle> TakeOutput() override;
  int64_t output_bytes() const override { return bytes_; }
  int64_t held_bytes(int input_index) const override {
    return inputs_[static_cast<size_t>(input_index)].held.size_bytes();
  }
  void OutputNotWanted() override;
  bool Done() const override;

 private:
  /// An input that is ahead of the others is held back at so many bytes.
  static constexpr int64_t kMaxHeldBytes = 32 << 20;
  /// Stretches below this wait for more rows.
  static constexpr int64_t kMinBundleBytes = 1 << 20;

  struct Input {
    RefBundle held;
    task::BlockRef sample;  // no rows of its first block: carries the schema
    int64_t rows_seen = 0;
    bool done = false;
  };

  /// Rows that all inputs have.
  int64_t NumReady() const;
  bool AllDone() const;
  /// Fails when an input that has ended is shorter than another.
  Status CheckLengths() const;

  const std::string name_ = "Zip";
  std::vector<Input> inputs_;
  bool gave_any_ = false;
  bool stopped_ = false;
  int64_t bytes_ = 0;
};

}  // namespace headrace::exec
