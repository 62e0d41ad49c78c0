// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "headrace/plan/logical_operator.h"
#include "headrace/shuffle_options.h"

namespace headrace::plan {

/// Rows in the order of `columns`; equal ones keep their order.
class Sort final : public LogicalOperator {
 public:
  Sort(LogicalOperatorPtr input, std::vector<SortColumn> columns,
       std::vector<double> boundaries = {}, int64_t limit_rows = -1)
      : LogicalOperator({std::move(input)}),
        columns_(std::move(columns)),
        boundaries_(std::move(boundaries)),
        limit_rows_(limit_rows) {}
  std::string_view type() const override { return "Sort"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<SortColumn>& columns() const { return columns_; }
  /// Values of the first column, going up, at which output blocks end; empty: wherever is best.
  const std::vector<double>& boundaries() const { return boundaries_; }
  /// Rows that somebody needs of the result at most; -1: all.
  int64_t limit_rows() const { return limit_rows_; }

 private:
  std::vector<SortColumn> columns_;
  std::vector<double> boundaries_;
  int64_t limit_rows_;
};

/// Rows in a random order that depends on the seed and on the order of the input alone.
class RandomShuffle final : public LogicalOperator {
 public:
  RandomShuffle(LogicalOperatorPtr input, uint64_t seed)
      : LogicalOperator({std::move(input)}), seed_(seed) {}
  std::string_view type() const override { return "RandomShuffle"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  uint64_t seed() const { return seed_; }

 private:
  uint64_t seed_;
};

/// Blocks in a random order, rows within them as they are.
class RandomizeBlockOrder final : public LogicalOperator {
 public:
  RandomizeBlockOrder(LogicalOperatorPtr input, uint64_t seed)
      : LogicalOperator({std::move(input)}), seed_(seed) {}
  std::string_view type() const override { return "RandomizeBlockOrder"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  uint64_t seed() const { return seed_; }

 private:
  uint64_t seed_;
};

/// `num_blocks` blocks; rows of equal keys are in one of them, sorted by the keys if `sort`.
class HashRepartition final : public LogicalOperator {
 public:
  HashRepartition(LogicalOperatorPtr input, std::vector<std::string> keys, int64_t num_blocks,
                  bool sort)
      : LogicalOperator({std::move(input)}),
        keys_(std::move(keys)),
        num_blocks_(num_blocks),
        sort_(sort) {}
  std::string_view type() const override { return "Repartition"; }
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<std::string>& keys() const { return keys_; }
  int64_t num_blocks() const { return num_blocks_; }
  bool sort() const { return sort_; }

 private:
  std::vector<std::string> keys_;
  int64_t num_blocks_;
  bool sort_;
};

/// One row per group: the key columns, then one per aggregation. Without keys all rows are one
/// group.
class GroupAggregate final : public LogicalOperator {
 public:
  GroupAggregate(LogicalOperatorPtr input, std::vector<std::string> keys,
                 std::vector<Aggregation> aggregations, int64_t num_partitions)
      : LogicalOperator({std::move(input)}),
        keys_(std::move(keys)),
        aggregations_(std::move(aggregations)),
        num_partitions_(num_partitions) {}
  std::string_view type() const override { return "Aggregate"; }
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<std::string>& keys() const { return keys_; }
  const std::vector<Aggregation>& aggregations() const { return aggregations_; }
  /// 0: as many as the size of the input asks for.
  int64_t num_partitions() const { return num_partitions_; }

 private:
  std::vector<std::string> keys_;
  std::vector<Aggregation> aggregations_;
  int64_t num_partitions_;
};

/// One block per group, rows in their order: what map_groups gives its function.
class GroupBlocks final : public LogicalOperator {
 public:
  GroupBlocks(LogicalOperatorPtr input, std::vector<std::string> keys, int64_t num_partitions)
      : LogicalOperator({std::move(input)}),
        keys_(std::move(keys)),
        num_partitions_(num_partitions) {}
  std::string_view type() const override { return "GroupBy"; }
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<std::string>& keys() const { return keys_; }
  int64_t num_partitions() const { return num_partitions_; }

 private:
  std::vector<std::string> keys_;
  int64_t num_partitions_;
};

/// Rows of the two inputs with equal keys, side by side.
class Join final : public LogicalOperator {
 public:
  Join(LogicalOperatorPtr left, LogicalOperatorPtr right, JoinOptions options)
      : LogicalOperator({std::move(left), std::move(right)}), options_(std::move(options)) {}
  std::string_view type() const override { return "Join"; }
  std::string name() const override;
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const JoinOptions& options() const { return options_; }

 private:
  JoinOptions options_;
};

/// Columns of all inputs side by side: row i of each makes row i. A name that is there already gets
/// _1, _2, … behind it.
class Zip final : public LogicalOperator {
 public:
  explicit Zip(std::vector<LogicalOperatorPtr> inputs) : LogicalOperator(std::move(inputs)) {}
  std::string_view type() const override { return "Zip"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
};

/// Blocks of all inputs in turn, by weight.
class Mix final : public LogicalOperator {
 public:
  Mix(std::vector<LogicalOperatorPtr> inputs, std::vector<double> weights, bool stop_on_shortest)
      : LogicalOperator(std::move(inputs)),
        weights_(std::move(weights)),
        stop_on_shortest_(stop_on_shortest) {}
  std::string_view type() const override { return "Mix"; }
  LogicalOperatorPtr WithInputs(std::vector<LogicalOperatorPtr> inputs) const override;
  const std::vector<double>& weights() const { return weights_; }  // > 0, one per input
  /// Ends when an input has ended; else the others go on.
  bool stop_on_shortest() const { return stop_on_shortest_; }

 private:
  std::vector<double> weights_;
  bool stop_on_shortest_;
};

}  // namespace headrace::plan
