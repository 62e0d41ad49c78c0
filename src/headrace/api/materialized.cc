// SPDX-License-Identifier: Apache-2.0
#include "headrace/api/materialized.h"

#include "headrace/planner/stored_refs.h"

namespace headrace::api {

Result<plan::LogicalOperatorPtr> InputOf(std::string name, std::vector<task::BlockRef> refs) {
  ARROW_ASSIGN_OR_RAISE(auto stored, planner::StoredRefs::Make(std::move(refs)));
  return std::make_shared<plan::InputData>(std::move(name), std::move(stored));
}

}  // namespace headrace::api
