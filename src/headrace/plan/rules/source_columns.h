// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "headrace/datasource.h"

namespace headrace::plan {

/// False when `source` does not give all of `columns`, or its schema cannot be had: a rule then
/// leaves the plan alone, and the run reports what is wrong. A file may hold columns that the user
/// did not ask the source for; pushing their names down would make them appear.
bool GivesColumns(const Datasource& source, const std::vector<std::string>& columns);

}  // namespace headrace::plan
