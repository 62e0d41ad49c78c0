// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "headrace/base/status.h"
#include "headrace/plan/logical_operator.h"

namespace headrace::plan {

/// Rows that `root` gives, from metadata alone (may open file footers); nullopt when only running
/// can tell.
Result<std::optional<int64_t>> RowCountOf(const LogicalOperatorPtr& root);

/// Bytes in memory of the rows that `root` reads, from metadata alone. Operators after the read
/// count as if they changed nothing, but a limit takes its share of the rows.
Result<std::optional<int64_t>> SizeEstimateOf(const LogicalOperatorPtr& root);

/// Files that `root` reads, each once, in order.
Result<std::vector<std::string>> InputFilesOf(const LogicalOperatorPtr& root);

}  // namespace headrace::plan
