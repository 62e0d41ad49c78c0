// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "headrace/base/status.h"
#include "headrace/datasource.h"

namespace headrace::datasource {

/// Reads back the range source that was serialized; see MakeRangeDatasource in file_options.h.
Result<DatasourcePtr> DeserializeRangeDatasource(std::string_view bytes);

}  // namespace headrace::datasource
