// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::bindings {

/// Calls a pickled function of the user, `write(blocks, context)`, once for each write task. Start,
/// commit and failure are up to Python, where the sink is an object: Prepare, Commit and Abort do
/// nothing, and what tasks return is read from the output of the plan.
DatasinkPtr MakePythonDatasink(std::string name, std::string pickled, int64_t min_rows_per_write);
Result<DatasinkPtr> DeserializePythonDatasink(std::string_view bytes);

}  // namespace headrace::bindings
