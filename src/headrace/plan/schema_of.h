// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <arrow/type.h>

#include <memory>

#include "headrace/base/status.h"
#include "headrace/plan/logical_operator.h"

namespace headrace::plan {

/// Schema of the rows that `root` gives; nullptr when only running can tell (a user's function).
/// May open the first files of a source. Fails where running would: a column that does not exist.
Result<std::shared_ptr<arrow::Schema>> SchemaOf(const LogicalOperatorPtr& root);

}  // namespace headrace::plan
