// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/group_state.h"
#include "headrace/compute/group_table.h"
#include "headrace/shuffle_options.h"

namespace headrace::compute {

/// Aggregates rows by group, in one or two halves: rows become states (Add, FinishStates), which
/// cross to another aggregator of the same specs (Merge), whose values are the result
/// (FinishValues). No keys: all rows are one group, which is there without rows too. One thread at
/// a time; memory grows with the groups, and with the rows for lists and quantiles.
///
/// Blocks of states: the key columns, then the states of one spec after the other, read by place.
/// Types may differ from block to block (int32, then double): they widen as block/schema.h says.
class GroupAggregator {
 public:
  /// Fails with Invalid for a function that does not exist or parameters that make no sense.
  static Result<std::unique_ptr<GroupAggregator>> Make(std::vector<std::string> keys,
                                                       std::vector<Aggregation> specs,
                                                       arrow::MemoryPool* pool);

  /// Rows of the user. Fails with KeyError for a column that is not there, with TypeError, naming
  /// aggregate, column and type, where there is no such aggregate, and with Invalid for a sum that
  /// overflows. After a failure the aggregator is of no more use.
  Status Add(const Block& rows);
  /// A block that FinishStates of another aggregator gave.
  Status Merge(const Block& states);

  int64_t num_groups() const { return keys_.empty() ? 1 : table_.num_groups(); }
  /// Rows that went into Add since the last FinishStates.
  int64_t rows_added() const { return rows_added_; }
  int64_t bytes() const;

  /// One block of states per partition of the hash of the keys (compute/hash_rows); without keys
  /// all is in the first one. The aggregator is empty afterwards and can be used again.
  Result<std::vector<Block>> FinishStates(int num_partitions);
  /// The keys, then one column per spec; groups in order of first appearance.
  Result<Block> FinishValues();

 private:
  struct Aggregate {
    Aggregation spec;
    std::shared_ptr<arrow::DataType> type;  // that the state was made for
    GroupStatePtr state;
  };
  GroupAggregator(std::vector<std::string> keys, std::vector<Aggregation> specs,
                  arrow::MemoryPool* pool);
  Status AddSlice(const Block& rows);
  Status AddColumn(Aggregate& aggregate, std::shared_ptr<arrow::Array> column);
  Status MergeColumns(Aggregate& aggregate, arrow::ArrayVector states);
  /// Makes the state hold values of `type` too.
  Status Widen(Aggregate& aggregate, const std::shared_ptr<arrow::DataType>& type);
  /// The blocks of FinishStates out of the keys and the states of all aggregates.
  Result<std::vector<Block>> Partition(arrow::ArrayVector keys,
                                       const std::vector<arrow::ArrayVector>& states,
                                       int64_t num_groups, int num_partitions) const;
  Status Clear();

  const std::vector<std::string> keys_;
  arrow::MemoryPool* const pool_;
  GroupTable table_;
  std::vector<Aggregate> aggregates_;
  std::vector<uint32_t> ids_;
  int64_t rows_added_ = 0;
};

}  // namespace headrace::compute
