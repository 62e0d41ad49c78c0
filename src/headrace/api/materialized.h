// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/plan/logical_operator.h"
#include "headrace/task/ref_bundle.h"

namespace headrace::api {

/// The source of plans over blocks that exist already, in memory or spilled. Fails when their
/// schemas do not go together.
Result<plan::LogicalOperatorPtr> InputOf(std::string name, std::vector<task::BlockRef> refs);

}  // namespace headrace::api
