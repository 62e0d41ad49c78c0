// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "headrace/exec/physical_operator.h"
#include "headrace/task/exchange.h"

namespace headrace::exec {

struct RangeExchangeOptions {
  std::string name;
  /// Bytes that a range should have.
  int64_t target_bytes = 64 << 20;
  /// Ranges to have at least, unless they would be smaller than min_bytes: work for all slots.
  int min_ranges = 1;
  int64_t min_bytes = 4 << 20;
};

/// Collects sorted runs, which arrive in pieces with their first and last keys as tags, and cuts
/// the key space into ranges of about equal bytes when all have arrived. Gives one bundle per
/// range, in order of the keys: the pieces of every run that reach into it, with a
/// task::MergeRange. Keys are compared as bytes. O(log n) per piece.
class RangeExchangeOperator final : public PhysicalOperator {
 public:
  explicit RangeExchangeOperator(RangeExchangeOptions options) : options_(std::move(options)) {}
  const std::string& name() const override { return options_.name; }
  std::string_view type() const override { return "AllToAllOperator"; }
  bool WantsInput(int) const override { return !input_done_; }
  bool blocking(int) const override { return true; }
  Status AddInput(RefBundle bundle, int) override;
  Status InputDone(int) override;
  std::optional<RefBundle> TakeOutput() override;
  int64_t output_bytes() const override { return bytes_; }
  void OutputNotWanted() override;
  bool Done() const override { return input_done_ && next_ == bounds_.size(); }

 private:
  using Bound = task::MergeRange::Bound;
  struct Piece {
    task::BlockRef block;
    std::string first_key;
    std::string last_key;
  };
  struct Run {
    std::vector<Piece> pieces;
    size_t begin = 0;  // those before it are in no range to come
  };

  static bool EndsBefore(const Piece& piece, int64_t run, const Bound& bound);
  static bool BeginsAtOrBehind(const Piece& piece, int64_t run, const Bound& bound);
  void ChooseBounds();

  const RangeExchangeOptions options_;
  std::vector<Run> runs_;
  task::BlockRef sample_;      // no rows of the first piece: carries the schema
  std::vector<Bound> bounds_;  // lower ones of the ranges
  size_t next_ = 0;
  bool input_done_ = false;
  int64_t bytes_ = 0;
};

}  // namespace headrace::exec
