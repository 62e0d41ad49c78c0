// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "headrace/base/status.h"
#include "headrace/block.h"
#include "headrace/data_context.h"
#include "headrace/plan/operators.h"

namespace headrace::api {

/// Runs `plan` and gives one row with the values of `aggregates`, in columns "sum(x)", "count()", …
Result<Block> Aggregate(const plan::LogicalOperatorPtr& plan,
                        const std::vector<plan::ColumnAggregate>& aggregates,
                        const DataContext& context);

}  // namespace headrace::api
