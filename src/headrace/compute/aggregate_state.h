// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/scalar.h>

#include <memory>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/compute/aggregate.h"

namespace headrace::compute {

/// What some rows contribute to one aggregate. Which fields count depends on the function.
struct AggregateState {
  int64_t count = 0;  // rows that are not null
  int64_t nulls = 0;
  std::shared_ptr<arrow::Scalar> value;  // sum, min, max; nullptr: no rows yet
  double mean = 0;                       // mean, std
  double m2 = 0;                         // std: sum of squared distances to the mean
};

/// Adds `from` to `into`. Order does not matter but for the last digits of doubles. Fails with
/// Invalid when a sum of integers overflows.
Status MergeState(const std::string& function, const AggregateState& from, AggregateState* into);

/// One row with the columns that PartialAggregator describes, and back.
Result<Block> StatesToBlock(const std::vector<AggregateSpec>& specs,
                            const std::vector<AggregateState>& states);
Result<std::vector<AggregateState>> StatesFromRow(const std::vector<AggregateSpec>& specs,
                                                  const Block& block, int64_t row);

}  // namespace headrace::compute
