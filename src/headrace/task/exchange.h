// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "headrace/block.h"
#include "headrace/task/ref_bundle.h"

namespace headrace::task {

/// What the first half of an exchange says about one of its blocks to the operator between the
/// halves, which sees no rows. Travels in the metadata of the block's schema, so that it arrives
/// from any lane and through the disk. docs/design/0007-exchange.md.
struct ExchangeTag {
  /// Longest key that a tag carries. A longer one is cut, which keeps the order of different ones.
  static constexpr size_t kMaxKeyBytes = 64;

  int32_t partition = -1;     // of a partitioned exchange; -1: not partitioned
  int32_t side = 0;           // of a join: 0 is the left one
  bool holds_states = false;  // of an aggregation: partial states, not rows
  // Of a sorted one: blocks of a run follow one another in the output of one task.
  bool starts_run = false;
  std::string first_key;  // of its first and last row, in the form of compute::SortKeys
  std::string last_key;
};

/// `block` with `tag`. A tag that it had is replaced.
Block WithTag(const Block& block, const ExchangeTag& tag);
Result<ExchangeTag> TagOf(const arrow::Schema& schema);
/// `block` without its tag.
Block WithoutTag(const Block& block);

/// Argument of a task that merges a range of sorted runs. The rows are those of every run from
/// `low` up to, and without, `high`.
struct MergeRange {
  /// Before the rows of `key` that are in run `run` and later ones, behind all smaller keys.
  struct Bound {
    std::string key;
    int64_t run = 0;
    bool operator==(const Bound&) const = default;
  };
  /// Blocks of the bundle that are of one run, in order.
  struct Run {
    int64_t run = 0;
    int64_t num_blocks = 0;
    bool operator==(const Run&) const = default;
  };
  Bound low;  // an empty key of run 0 is before everything
  Bound high;
  bool has_high = false;  // else up to the end
  std::vector<Run> runs;

  std::string Serialize() const;
  static Result<MergeRange> Deserialize(std::string_view argument);
};

/// Argument of a task over several inputs: how many blocks of its bundle are of each.
std::string SerializeBlockCounts(const std::vector<int64_t>& num_blocks);
Result<std::vector<int64_t>> DeserializeBlockCounts(std::string_view argument);

/// Argument of a task of the first half of a join: which side its rows are of, and whether they are
/// to be partitioned or, since one side is small, go on as they are.
struct JoinInput {
  int32_t side = 0;
  bool partition = true;

  std::string Serialize() const;
  static Result<JoinInput> Deserialize(std::string_view argument);
};

/// Argument of a task over rows whose places in the whole dataset matter: that of its first row.
std::string SerializeFirstRow(int64_t first_row);
Result<int64_t> DeserializeFirstRow(std::string_view argument);

}  // namespace headrace::task
